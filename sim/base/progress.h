// A one-line progress bar for long work, on a terminal and nowhere else.
//
//   Progress progress("sweep", points.size(), TerminalOrNull());
//   for (const Point& point : points) { Run(point); progress.Advance(); }
//
//   sweep [#######.............]  35 %  7/20  about 26 s left
//
// The line is redrawn at most ten times a second and erased when the bar is destroyed, so that it
// never mixes with the messages after it. Not for several threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

namespace switchyard {

// std::cerr when it is a terminal; otherwise null, which a Progress takes as "draw nothing".
[[nodiscard]] std::ostream* TerminalOrNull();

class Progress {
 public:
  // Seconds since any fixed moment, never going back.
  using Clock = std::function<double()>;

  // `total` steps of work; 0 is an empty bar. `out` may be null and must outlive the bar.
  Progress(std::string label, std::uint64_t total, std::ostream* out);
  Progress(std::string label, std::uint64_t total, std::ostream* out, Clock clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance(std::uint64_t steps = 1);
  // A few words at the end of the line from its next drawing on; empty: none.
  void Note(std::string note) { note_ = std::move(note); }

 private:
  void Draw(double now);

  std::string label_;
  std::string note_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::ostream* out_;
  Clock clock_;
  double begun_ = 0.0;
  double drawn_ = 0.0;
};

}  // namespace switchyard
