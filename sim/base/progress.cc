#include "sim/base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <utility>

namespace switchyard {
namespace {

constexpr double kSecondsBetweenDraws = 0.1;
constexpr int kBarCells = 20;
constexpr const char* kEraseLine = "\r\033[K";  // ECMA-48 EL: erase to the end of the line

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::ostream* TerminalOrNull() { return ::isatty(STDERR_FILENO) != 0 ? &std::cerr : nullptr; }

Progress::Progress(std::string label, std::uint64_t total, std::ostream* out)
    : Progress(std::move(label), total, out, SteadySeconds) {}

Progress::Progress(std::string label, std::uint64_t total, std::ostream* out, Clock clock)
    : label_(std::move(label)), total_(total), out_(out), clock_(std::move(clock)) {
  if (out_ == nullptr) return;
  begun_ = clock_();
  Draw(begun_);
}

Progress::~Progress() {
  if (out_ != nullptr) *out_ << kEraseLine << std::flush;
}

void Progress::Advance(std::uint64_t steps) {
  done_ += std::min(steps, total_ - done_);
  if (out_ == nullptr) return;
  const double now = clock_();
  if (now - drawn_ >= kSecondsBetweenDraws) Draw(now);
}

void Progress::Draw(double now) {
  drawn_ = now;
  const double share = total_ == 0 ? 0.0 : static_cast<double>(done_) / static_cast<double>(total_);
  const auto filled = static_cast<std::size_t>(share * kBarCells);
  std::string line = kEraseLine + label_ + " [" + std::string(filled, '#') +
                     std::string(kBarCells - filled, '.') + "]  " +
                     std::to_string(static_cast<int>(100.0 * share)) + " %  " +
                     std::to_string(done_) + "/" + std::to_string(total_);
  if (done_ > 0 && now > begun_) {
    const double left = (now - begun_) * (1.0 - share) / share;
    line += "  about " + std::to_string(std::llround(std::ceil(left))) + " s left";
  }
  if (!note_.empty()) line += "  " + note_;
  *out_ << line << std::flush;
}

}  // namespace switchyard
