#include "sim/base/progress.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

namespace switchyard {
namespace {

struct FakeTerminal {
  double now = 100.0;  // a clock may start anywhere
  std::ostringstream out;

  [[nodiscard]] Progress::Clock clock() {
    return [this] { return now; };
  }
  // Every draw begins with a carriage return.
  [[nodiscard]] long NumDraws() const {
    const std::string text = out.str();
    return std::count(text.begin(), text.end(), '\r');
  }
  [[nodiscard]] std::string LastLine() const {
    const std::string text = out.str();
    return text.substr(text.rfind('\r') + std::string("\r\033[K").size());
  }
};

TEST(Progress, DrawsAtMostTenTimesASecond) {
  FakeTerminal terminal;
  constexpr int kSteps = 1000;
  constexpr double kSecondsPerStep = 0.002;
  Progress progress("sweep", kSteps, &terminal.out, terminal.clock());
  for (int i = 0; i < kSteps; ++i) {
    terminal.now += kSecondsPerStep;
    progress.Advance();
  }
  // 1000 steps of 2 ms are 2 s: 20 draws and the first one; rounding may cost one.
  EXPECT_LE(terminal.NumDraws(), 21);
  EXPECT_GE(terminal.NumDraws(), 20);
}

TEST(Progress, ShowsShareCountAndTimeLeft) {
  FakeTerminal terminal;
  Progress progress("sweep", 20, &terminal.out, terminal.clock());
  EXPECT_EQ(terminal.LastLine(), "sweep [....................]  0 %  0/20");
  terminal.now += 14.0;
  progress.Advance(7);
  // 7 of 20 steps took 14 s, 2 s each: the other 13 take 26 s; the bar is 20 cells wide.
  EXPECT_EQ(terminal.LastLine(), "sweep [#######.............]  35 %  7/20  about 26 s left");
}

TEST(Progress, NeverPassesItsEndAndErasesItself) {
  FakeTerminal terminal;
  {
    Progress progress("run", 3, &terminal.out, terminal.clock());
    terminal.now += 1.0;
    progress.Advance(1000);
    EXPECT_EQ(terminal.LastLine(), "run [####################]  100 %  3/3  about 0 s left");
    terminal.now += 1.0;
    progress.Advance();
    EXPECT_NE(terminal.LastLine().find("3/3"), std::string::npos);
  }
  EXPECT_EQ(terminal.LastLine(), "") << "the line is erased at the end";
}

TEST(Progress, AnEmptyJobIsAnEmptyBar) {
  FakeTerminal terminal;
  Progress progress("run", 0, &terminal.out, terminal.clock());
  progress.Advance();
  EXPECT_EQ(terminal.LastLine(), "run [....................]  0 %  0/0");
}

TEST(Progress, WithoutATerminalItDrawsNothingAndReadsNoClock) {
  bool clock_read = false;
  Progress progress("run", 10, nullptr, [&clock_read] {
    clock_read = true;
    return 0.0;
  });
  progress.Advance();
  EXPECT_FALSE(clock_read);
}

TEST(Progress, AFileIsNotATerminal) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  const bool is_terminal = TerminalOrNull() != nullptr;
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  std::fclose(file);
  EXPECT_FALSE(is_terminal);
}

}  // namespace
}  // namespace switchyard
