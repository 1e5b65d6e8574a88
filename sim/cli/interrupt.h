// Ctrl-C as a wish to end early and keep what there is, while long work can honour it.
#pragma once

#include <atomic>

namespace switchyard {

// While it lives, the first SIGINT sets stop() and restores what SIGINT did before: a second one
// ends the program. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] static const std::atomic<bool>& stop();
};

}  // namespace switchyard
