// The table of measured times: one CSV file per device, a row per operation and size, written as it
// is measured, so that an interrupted run keeps what it has.
//
//   TimesTable table("times.csv", {"NVIDIA H200", "580.159.04", "4f2c1d0", "2026-01-31"});
//   table.Add({.op = "permutation", .n = 256, .k = 8, .m = 4096, .timing = t, .bytes = b});
//
// Columns: op, device, driver, dtype, n (experts), k (choices), groups, m (tokens), median_us,
// p10_us, p90_us, reps, bytes, flops, revision, date; then bound_us (bytes at the copy bandwidth
// measured in the same run), fraction (bound_us / median_us), sets (of buffers, used in turn), run.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "kernels/gpu/graph_timer.h"

namespace switchyard::kernels::gpu {

struct TimesOrigin {
  std::string device;
  std::string driver;
  std::string revision;
  std::string date;
};

struct TimesRow {
  std::string op;
  std::string dtype = "-";
  std::uint32_t n = 0;
  std::uint32_t k = 0;
  std::uint32_t groups = 0;
  std::uint32_t m = 0;
  Timing timing;
  double bytes = 0;  // that must be moved; 0: none
  std::uint32_t sets = 1;
};

class TimesTable {
 public:
  TimesTable(const std::string& path, TimesOrigin origin);

  // Bytes per microsecond, for the rows that follow.
  void set_bandwidth(double bandwidth) { bandwidth_ = bandwidth; }
  void set_run(int run) { run_ = run; }
  void Add(const TimesRow& row);
  [[nodiscard]] double BoundUs(double bytes) const;
  [[nodiscard]] bool good() const { return file_.good(); }

 private:
  std::ofstream file_;
  TimesOrigin origin_;
  double bandwidth_ = 0;
  int run_ = 1;
};

}  // namespace switchyard::kernels::gpu
