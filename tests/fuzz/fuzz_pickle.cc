// Any bytes as the pickle of a torch.save file: objects, or what is wrong. Zip archives have
// checksums that bytes at random do not meet; the archive is put around them here.
#include <zip.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sim/routing/trace/import/pickle.h"
#include "sim/routing/trace/import/trace_importer.h"

namespace switchyard {
namespace {

std::string Archive(const std::uint8_t* data, std::size_t size) {
  static const char kStorage[64] = {0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0};
  zip_error_t error;
  zip_source_t* out = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(out);
  zip_t* archive = zip_open_from_source(out, ZIP_TRUNCATE, &error);
  zip_file_add(archive, "a/data.pkl", zip_source_buffer(archive, data, size, 0), 0);
  zip_file_add(archive, "a/data/0", zip_source_buffer(archive, kStorage, sizeof(kStorage), 0), 0);
  zip_set_file_compression(archive, 0, ZIP_CM_STORE, 0);
  zip_close(archive);
  zip_source_open(out);
  zip_source_seek(out, 0, SEEK_END);
  std::string zip(static_cast<std::size_t>(zip_source_tell(out)), '\0');
  zip_source_seek(out, 0, SEEK_SET);
  zip_source_read(out, zip.data(), zip.size());
  zip_source_close(out);
  zip_source_free(out);
  return zip;
}

}  // namespace
}  // namespace switchyard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  switchyard::PickleObjects objects;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!switchyard::ReadPickle(bytes, objects).empty()) return 0;
  switchyard::ImportOptions options;
  options.max_bytes = std::size_t{1} << 24;
  options.top_k = 2;
  const std::string zip = switchyard::Archive(data, size);
  const auto trace =
      switchyard::ImportTrace(switchyard::ImportFile{"fuzz.pt", zip}, options, "sglang_pt");
  if (!trace.ok() && trace.errors().empty()) std::abort();
  return 0;
}
