// The file of hashes that kernel_check compares with: lines "name hash", '#' begins a comment.
//
//   GoldenFile file = ReadGolden("kernels/recorded/golden_hashes.txt");
//   if (!file.fault.empty()) …
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace switchyard::kernels::gpu {

struct GoldenFile {
  std::map<std::string, std::uint64_t> hash;  // by the case's name
  std::string fault;                          // not there, or not such a file; empty: none
};
[[nodiscard]] GoldenFile ReadGolden(const std::string& path);

struct GoldenLine {
  std::string name;
  std::uint64_t hash;
};
// What a reader must know to judge the hashes.
struct GoldenOrigin {
  std::string device;  // empty: the twin on the host
  std::string driver;
  std::string cuda;
  std::string revision;
  std::string date;
  std::string agreement;  // between device and twin
};
// False: not written.
[[nodiscard]] bool WriteGolden(const std::string& path, const GoldenOrigin& origin,
                               const std::vector<GoldenLine>& lines);

[[nodiscard]] std::string HexOf(std::uint64_t hash);

}  // namespace switchyard::kernels::gpu
