// DispatchLayout on the host: one pass over the choices.
#include <algorithm>
#include <array>

#include "kernels/core/slot_checks.h"
#include "kernels/slots.h"

namespace switchyard::kernels {
namespace {

// Sets bit `i`; true when it was not set before.
bool SetNew(std::uint32_t* words, std::uint32_t i) {
  const std::uint32_t bit = 1U << (i % 32);
  const bool is_new = (words[i / 32] & bit) == 0;
  words[i / 32] |= bit;
  return is_new;
}

template <class T>
void Zero(HostSpan<T> span) {
  std::fill_n(span.data, span.size, T{0});
}

class Counting {
 public:
  Counting(const ExpertMap<Memory::kHost>& map, const LayoutOutput<Memory::kHost>& out)
      : map_(map), out_(out) {}

  // slot: null when nothing was dropped.
  void Token(std::size_t t, const std::uint16_t* expert, const std::int32_t* slot,
             std::uint32_t top_k) {
    std::uint32_t* ranks = out_.rank_bits.Row(t);
    std::fill_n(ranks, out_.rank_bits.cols, 0U);
    std::uint32_t visited = 0;
    for (std::uint32_t k = 0; k < top_k; ++k) {
      if (expert[k] >= map_.expert_to_rank.size || (slot != nullptr && slot[k] < 0)) continue;
      ++out_.per_expert[expert[k]];
      const std::uint32_t rank = map_.expert_to_rank[expert[k]];
      if (rank >= map_.rank_to_node.size || !SetNew(ranks, rank)) continue;
      ++out_.per_rank[rank];
      const std::uint32_t node = map_.rank_to_node[rank];
      if (node >= map_.nodes || !SetNew(node_bits_.data(), node)) continue;
      ++out_.per_node[node];
      visited_[visited++] = node / 32;
    }
    for (std::uint32_t v = 0; v < visited; ++v) node_bits_[visited_[v]] = 0;
  }

 private:
  const ExpertMap<Memory::kHost>& map_;
  const LayoutOutput<Memory::kHost>& out_;
  std::array<std::uint32_t, 0x10000 / 32> node_bits_{};  // a bit per node; all 0 between tokens
  std::array<std::uint32_t, kMaxTopK> visited_{};        // words that are not
};

}  // namespace

Status DispatchLayout(HostMatrix<const std::uint16_t> expert, HostMatrix<const std::int32_t> slot,
                      const ExpertMap<Memory::kHost>& map, const LayoutOutput<Memory::kHost>& out) {
  if (const Status s = core::CheckDispatchLayout(expert, slot, map, out); !s.ok()) return s;
  Zero(out.per_expert);
  Zero(out.per_rank);
  Zero(out.per_node);
  Counting counting(map, out);
  for (std::uint32_t t = 0; t < expert.rows; ++t) {
    counting.Token(t, expert.Row(t), slot.empty() ? nullptr : slot.Row(t), expert.cols);
  }
  return {};
}

}  // namespace switchyard::kernels
