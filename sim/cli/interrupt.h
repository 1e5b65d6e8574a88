// Ctrl-C as a wish to end early and keep what there is, while long work can honour it.
#pragma once

#include <atomic>
#include <csignal>

namespace switchyard {

// While it lives, the first SIGINT sets stop(); a second one ends the program. What SIGINT did
// before is restored at the end; where it was ignored, it stays so. One guard at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] static const std::atomic<bool>& stop();

 private:
  struct sigaction before_ {};
};

}  // namespace switchyard
