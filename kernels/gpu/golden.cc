#include "kernels/gpu/golden.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace switchyard::kernels::gpu {
namespace {

constexpr std::size_t kDigits = 16;

std::string ReadLine(const std::string& line, GoldenFile& file) {
  std::istringstream words(line);
  std::string name;
  std::string digits;
  std::string more;
  words >> name >> digits;
  if (words >> more) return "more than a name and a hash: " + line;
  std::uint64_t hash = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, hash, 16);
  if (digits.size() != kDigits || error != std::errc() || stop != end) {
    return "not a name and a hash of 16 hexadecimal digits: " + line;
  }
  return file.hash.emplace(name, hash).second ? "" : "twice in the file: " + name;
}

}  // namespace

GoldenFile ReadGolden(const std::string& path) {
  GoldenFile file;
  std::ifstream in(path);
  if (!in) file.fault = path + " cannot be read";
  std::string line;
  while (file.fault.empty() && std::getline(in, line)) {
    if (!line.empty() && line[0] != '#') file.fault = ReadLine(line, file);
  }
  return file;
}

bool WriteGolden(const std::string& path, const GoldenOrigin& origin,
                 const std::vector<GoldenLine>& lines) {
  std::ofstream out(path);
  out << "# What the routing kernels make of each case of kernels/gpu/cases.cc: FNV-1a, 64 bits, "
         "over all outputs.\n"
         "# Written by kernel_check --write; the twin on the host is held against it by "
         "kernel_check --golden.\n"
         "#\n";
  if (origin.device.empty()) {
    out << "# NOT RUN ON A GPU: the hashes are those of the twin on the host.\n";
  } else {
    out << "# Run on a GPU: the hashes are those of the device.\n"
        << "# device:    " << origin.device << "\n# driver:    " << origin.driver
        << "\n# CUDA:      " << origin.cuda << "\n# agreement: " << origin.agreement << '\n';
  }
  out << "# revision:  " << origin.revision << "\n# date:      " << origin.date << "\n\n";
  for (const GoldenLine& line : lines) out << line.name << ' ' << HexOf(line.hash) << '\n';
  out.close();
  return out.good();
}

std::string HexOf(std::uint64_t hash) {
  constexpr std::uint64_t kNibble = 15;
  std::string digits(kDigits, '0');
  for (std::size_t i = kDigits; i-- > 0; hash >>= 4U) {
    digits[i] = "0123456789abcdef"[hash & kNibble];
  }
  return digits;
}

}  // namespace switchyard::kernels::gpu
