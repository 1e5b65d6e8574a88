// Choices in the order in which they are served, and how warps share them out.
//
//   Queue queue{…};                                            // see core/parallel_slots.h
//   const Tiling tiling = CutIntoTiles(queue.size(), queue.experts);
//   queue.ExpertAt(queue.IndexAt(place));                      // place 0 is served first
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/capacity_spec.h"
#include "kernels/views.h"

namespace switchyard::kernels::core {

inline constexpr std::uint32_t kWarpLanes = 32;

// The choices of a batch, or of one rank of choice, in the order in which they are served.
struct Queue {
  const std::uint16_t* expert = nullptr;  // [T, K]
  std::int32_t* slot = nullptr;           // [T, K]
  // Null: as they come. Else what is served at a place: a choice (by_choice), or a token.
  const std::uint32_t* order = nullptr;
  std::uint8_t* served =
      nullptr;  // [T], null: all tokens; else those that have none, set when kept
  std::uint32_t tokens = 0;
  std::uint32_t top_k = 0;
  std::uint32_t experts = 0;
  std::uint32_t first_choice = 0;  // `choices` of a token from this one
  std::uint32_t choices = 0;
  ChoiceOrder choice_order = ChoiceOrder::kTokenMajor;
  bool by_choice = false;
  bool only_kept = false;  // choices with a slot, which are numbered anew

  [[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t size() const { return tokens * choices; }

  // token * K + choice.
  [[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t IndexAt(std::uint32_t place) const {
    if (by_choice) return order[place];
    const bool token_major = choice_order == ChoiceOrder::kTokenMajor;
    const std::uint32_t turn = token_major ? place / choices : place % tokens;
    const std::uint32_t choice = token_major ? place % choices : place / tokens;
    const std::uint32_t token = order != nullptr ? order[turn] : turn;
    return token * top_k + first_choice + choice;
  }

  // At or above `experts`: takes no part.
  [[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t ExpertAt(std::uint32_t index) const {
    if (only_kept && slot[index] < 0) return experts;
    if (served != nullptr && served[index / top_k] != 0) return experts;
    return expert[index];
  }

  SWITCHYARD_HOST_DEVICE void Settle(std::uint32_t index, bool kept, std::uint32_t rank) const {
    slot[index] = kept ? static_cast<std::int32_t>(rank) : -1;
    if (kept && served != nullptr) served[index / top_k] = 1;
  }
};

// Of a queue of `places`: tiles of `length` places, the last may be shorter.
struct Tiling {
  std::uint32_t tiles = 0;
  std::uint32_t length = 0;
};

inline constexpr std::uint32_t kMaxTiles = 1024;

// Long enough that counters of `experts` experts are worth their while.
[[nodiscard]] inline std::uint32_t ShortestTile(std::uint32_t experts) {
  constexpr std::uint32_t kMinLength = 256;
  const std::uint32_t length = experts / 4 < kMinLength ? kMinLength : experts / 4;
  return (length + kWarpLanes - 1) / kWarpLanes * kWarpLanes;
}

// At most MostTiles.
[[nodiscard]] inline Tiling CutIntoTiles(std::uint32_t places, std::uint32_t experts) {
  std::uint32_t length = (places / kMaxTiles + kWarpLanes) / kWarpLanes * kWarpLanes;
  if (length < ShortestTile(experts)) length = ShortestTile(experts);
  return {(places + length - 1) / length, length};
}

// What room for tiles is measured by. Never falls as places are added, unlike the tiles themselves:
// where tiles become longer, 262,144 places have 911 tiles and 262,143 have 1,024.
[[nodiscard]] inline std::size_t MostTiles(std::size_t places, std::uint32_t experts) {
  const std::size_t length = ShortestTile(experts);
  const std::size_t tiles = (places + length - 1) / length;
  return tiles < kMaxTiles ? tiles : kMaxTiles;
}

}  // namespace switchyard::kernels::core
