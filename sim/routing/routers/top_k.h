// The k largest keys of a token, optionally group-limited. Ties go to the lower index.
//
//   TopK select(shape);
//   select.Choose(keys, experts);   // experts[0] has the largest key
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/routing/expert_router.h"

namespace switchyard {

class TopK {
 public:
  explicit TopK(const RoutingShape& shape);

  // Group-limited (topk_groups < num_groups): only the experts of the topk_groups groups with the
  // largest sum of their two best keys compete (DeepSeek-V3, arXiv 2412.19437, Gate.forward of its
  // published inference code).
  void Choose(std::span<const float> keys, std::span<ExpertIndex> experts);

 private:
  void Offer(std::span<const float> keys, std::uint32_t begin, std::uint32_t end);
  void ChooseGroups(std::span<const float> keys);

  struct Candidate {
    float key;
    std::uint32_t index;
  };
  // Keeps `best` sorted, largest first, at most `limit` long.
  static void Insert(std::vector<Candidate>& best, std::size_t limit, Candidate candidate);

  std::uint32_t group_size_;
  std::uint32_t num_groups_;
  std::uint32_t topk_groups_;
  std::uint32_t top_k_;
  std::vector<Candidate> best_;
  std::vector<Candidate> groups_;
};

}  // namespace switchyard
