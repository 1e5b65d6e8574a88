// A clock without SimGrid: any number of simulations in one process.
#pragma once

#include <utility>

#include "sim/engine/clock.h"
#include "sim/engine/event_queue.h"

namespace switchyard::testing {

class QueueClock : public Clock {
 public:
  explicit QueueClock(EventSink on_event) : on_event_(std::move(on_event)) {}
  [[nodiscard]] Seconds Now() const override { return now_; }
  void At(Seconds time, Event event) override { events_.Push(time.value, event); }
  void Run() override {
    while (!events_.empty()) {
      now_ = {events_.earliest()};
      on_event_(events_.Pop());
    }
  }

 private:
  EventSink on_event_;
  EventQueue events_;
  Seconds now_;
};

}  // namespace switchyard::testing
