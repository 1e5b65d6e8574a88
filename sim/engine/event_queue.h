// A priority queue of events: earliest first, in the order of insertion within one time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/engine/clock.h"

namespace switchyard {

class EventQueue {
 public:
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  // Time of the earliest event; only when not empty.
  [[nodiscard]] double earliest() const { return heap_.front().time; }

  void Push(double time, Event event) {
    heap_.push_back({time, next_sequence_++, event});
    std::push_heap(heap_.begin(), heap_.end(), kLater);
  }
  Event Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), kLater);
    const Event event = heap_.back().event;
    heap_.pop_back();
    return event;
  }

 private:
  struct Entry {
    double time;
    std::uint64_t sequence;
    Event event;
  };
  // A lambda, so that heap algorithms inline it.
  static constexpr auto kLater = [](const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
  };
  std::vector<Entry> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace switchyard
