#include "topologies/import/gpu_models.h"

#include <array>

namespace switchyard {
namespace {

constexpr std::array<GpuModel, 11> kModels = {{
    {"0x10de", "0x1db1", "V100 SXM2 16GB", ""},
    {"0x10de", "0x1db5", "V100 SXM2 32GB", ""},
    {"0x10de", "0x20b0", "A100 SXM4 40GB", ""},
    {"0x10de", "0x20b2", "A100 SXM4 80GB", "dgx_a100"},
    {"0x10de", "0x2330", "H100 SXM5 80GB", "hgx_h100"},
    {"0x10de", "0x2324", "H800", "hgx_h800"},
    {"0x10de", "0x2329", "H20", "hgx_h20"},
    {"0x10de", "0x2335", "H200 SXM 141GB", "hgx_h200"},
    {"0x10de", "0x2901", "B200", "hgx_b200"},
    {"0x1002", "0x740c", "Instinct MI250X/MI250", ""},
    {"0x1002", "0x74a1", "Instinct MI300X", ""},
}};

}  // namespace

const GpuModel* FindGpuModel(std::string_view vendor, std::string_view device) {
  for (const GpuModel& model : kModels) {
    if (model.vendor == vendor && model.device == device) return &model;
  }
  return nullptr;
}

}  // namespace switchyard
