// What the tests of the importers share: bytes in, a trace or its messages out.
//
//   const Result<RouterTrace> trace = ImportText("layer,expert\n0,1\n", {}, "a.csv");
//   EXPECT_EQ(Messages(trace), "a.csv: error: ...");
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/routing/trace/import/trace_importer.h"

namespace switchyard::testing {

// The format is recognised by the content.
Result<RouterTrace> ImportText(const std::string& bytes, const ImportOptions& options = {},
                               const std::string& file = "x");
// All errors, one a line without the last newline; "accepted" when there are none.
std::string Messages(const Result<RouterTrace>& trace);
// The name of the format that recognises the bytes; "" when none or several do.
std::string FormatOf(const std::string& bytes);

// The choices of a layer in the trace, -1 for none.
std::vector<int> Choices(const RouterTrace& trace, std::uint32_t layer);
bool Warned(const RouterTrace& trace, const std::string& words);

// A zip archive of these entries, compressed or stored.
std::string Zip(const std::vector<std::pair<std::string, std::string>>& entries,
                bool compress = true);
// A .npy file of int16 as vLLM returns them.
std::string Npy16(const std::vector<std::uint64_t>& shape, const std::vector<int>& values);
std::string Base64(const std::string& bytes);
// Little-endian int32.
std::string Raw32(const std::vector<int>& values);

}  // namespace switchyard::testing
