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

void SenderRow::AppendTo(std::uint32_t from, std::vector<Copies>& out) {
  for (std::uint32_t to = 0; to < counts_.size(); ++to) {
    const std::uint32_t count = counts_[to];
    if (count == 0) continue;
    counts_[to] = 0;
    if (to != from) out.push_back(MakeCopies(from, to, count, 0));
  }
}

}  // namespace switchyard
