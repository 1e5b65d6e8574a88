#include "sim/routing/routers/trace_parts.h"

#include <algorithm>
#include <cstddef>

#include "sim/base/rng.h"

namespace switchyard {
namespace {

struct Request {
  std::uint32_t sequence = 0;
  std::uint64_t tokens = 0;
  bool fit = false;
};

// Sorted by sequence.
std::vector<Request> RequestsOf(const RouterTrace& trace) {
  std::vector<Request> requests;
  for (const TraceRun& run : trace.runs) requests.push_back({run.sequence, run.tokens});
  const auto by_sequence = [](const Request& a, const Request& b) {
    return a.sequence < b.sequence;
  };
  std::stable_sort(requests.begin(), requests.end(), by_sequence);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (i > 0 && requests[i].sequence == requests[kept - 1].sequence) {
      requests[kept - 1].tokens += requests[i].tokens;
    } else {
      requests[kept++] = requests[i];
    }
  }
  requests.resize(kept);
  return requests;
}

void Deal(std::vector<Request>& requests) {
  constexpr std::uint64_t kStream = 0x68616c766573;  // "halves"
  std::vector<Request*> order;
  order.reserve(requests.size());
  for (Request& request : requests) order.push_back(&request);
  std::sort(order.begin(), order.end(), [](const Request* a, const Request* b) {
    return Mix64(kStream ^ a->sequence) < Mix64(kStream ^ b->sequence);
  });
  std::uint64_t fit = 0;
  std::uint64_t held_out = 0;
  for (Request* request : order) {
    request->fit = fit <= held_out;
    (request->fit ? fit : held_out) += request->tokens;
  }
}

std::vector<std::uint64_t> HalfInTime(std::uint64_t tokens, bool fit) {
  std::vector<std::uint64_t> part;
  const std::uint64_t middle = (tokens + 1) / 2;
  for (std::uint64_t t = fit ? 0 : middle; t < (fit ? middle : tokens); ++t) part.push_back(t);
  return part;
}

}  // namespace

std::vector<std::uint64_t> TokensOfPart(const RouterTrace& trace, TracePart part) {
  constexpr std::size_t kFewRequests = 4;
  const bool fit = part == TracePart::kFit;
  std::vector<Request> requests = RequestsOf(trace);
  if (requests.size() < kFewRequests) return HalfInTime(trace.tokens(), fit);
  Deal(requests);
  std::vector<std::uint64_t> tokens;
  std::uint64_t token = 0;
  for (const TraceRun& run : trace.runs) {
    const auto request = std::lower_bound(
        requests.begin(), requests.end(), run.sequence,
        [](const Request& r, std::uint32_t sequence) { return r.sequence < sequence; });
    const bool in_part = request->fit == fit;
    for (std::uint32_t i = 0; i < run.tokens; ++i, ++token) {
      if (in_part) tokens.push_back(token);
    }
  }
  return tokens;
}

}  // namespace switchyard
