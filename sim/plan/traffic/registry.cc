#include <array>

#include "sim/base/check.h"
#include "sim/plan/traffic/forms.h"

namespace switchyard {
namespace {

struct Entry {
  AllToAllForm form;
  std::unique_ptr<TrafficForm> (*make)();
};
constexpr std::array<Entry, 3> kForms = {{
    {AllToAllForm::kFlat, MakeFlatForm},
    {AllToAllForm::kRankDedup, MakeRankDedupForm},
    {AllToAllForm::kNodeDedup, MakeNodeDedupForm},
}};

}  // namespace

std::unique_ptr<TrafficForm> MakeTrafficForm(AllToAllForm form) {
  for (const Entry& entry : kForms) {
    if (entry.form == form) return entry.make();
  }
  SWITCHYARD_CHECK(false, "a traffic form without an implementation");
  return nullptr;
}

void PairCounter::AppendTo(std::uint8_t hop, std::vector<Copies>& out) const {
  for (std::uint32_t from = 0; from < ranks_; ++from) {
    for (std::uint32_t to = 0; to < ranks_; ++to) {
      const std::uint32_t count = counts_[std::size_t{from} * ranks_ + to];
      if (count == 0 || from == to) continue;
      out.push_back({static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to), count, hop});
    }
  }
}

}  // namespace switchyard
