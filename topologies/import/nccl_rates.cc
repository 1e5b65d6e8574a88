#include "topologies/import/nccl_rates.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// GB/s of one lane: 75 % of the line rate after encoding, as NCCL reckons.
struct PcieGeneration {
  double gigatransfers;
  BytesPerSecond lane;
};
constexpr std::array<PcieGeneration, 6> kPcie = {{{2.5, 0.1875_GBps},
                                                  {5, 0.375_GBps},
                                                  {8, 0.75_GBps},
                                                  {16, 1.5_GBps},
                                                  {32, 3_GBps},
                                                  {64, 6_GBps}}};

struct NamedRate {
  BytesPerSecond value;
  const char* name;
};

NamedRate NvLinkOf(std::uint32_t sm) {
  if (sm >= 100) return {40.1_GBps, "SM100_NVLINK_BW"};
  if (sm >= 90) return {20.6_GBps, "SM90_NVLINK_BW"};
  if (sm == 86) return {12_GBps, "SM86_NVLINK_BW"};
  if (sm >= 80) return {20_GBps, "SM80_NVLINK_BW"};
  if (sm >= 70) return {20_GBps, "SM70_NVLINK_BW"};
  if (sm >= 60) return {18_GBps, "SM60_NVLINK_BW"};
  return {20_GBps, "SM80_NVLINK_BW"};
}

NamedRate IntelSockets(const CpuModel& cpu) {
  if (cpu.family != 6) return {6_GBps, "BDW_QPI_BW"};
  // Granite Rapids and Sierra Forest are newer than Emerald Rapids and have lower numbers.
  const bool granite = cpu.model == 0xAD || cpu.model == 0xAE || cpu.model == 0xAF;
  if (cpu.model >= 0xCF || granite) return {40_GBps, "ERP_QPI_BW"};
  if (cpu.model >= 0x8F) return {22_GBps, "SRP_QPI_BW"};
  if (cpu.model >= 0x55) return {10_GBps, "SKL_QPI_BW"};
  return {6_GBps, "BDW_QPI_BW"};
}

SourcedRate Sourced(const NamedRate& rate, std::string_view project = "NCCL") {
  return {rate.value, fmt::format("{}'s {}", project, rate.name)};
}

SourcedRate PcieRate(const PcieGeneration& generation, std::uint32_t lanes) {
  return {generation.lane * lanes,
          fmt::format("{} GT/s x{} at NCCL's {:g} GB/s a lane", generation.gigatransfers, lanes,
                      generation.lane.value / 1e9)};
}

}  // namespace

SourcedRate NcclNvLink(std::uint32_t sm) { return Sourced(NvLinkOf(sm)); }

SourcedRate RcclXgmi(std::string_view gcn) {
  const auto begins = [gcn](std::string_view with) { return gcn.substr(0, with.size()) == with; };
  if (begins("gfx95")) return Sourced({48_GBps, "GFX95X_XGMI_WIDTH"}, "RCCL");
  if (begins("gfx94")) return Sourced({48_GBps, "GFX94X_XGMI_WIDTH"}, "RCCL");
  // RCCL before 2.18 wrote the number 910 for gfx90a.
  if (begins("gfx90a") || gcn == "910") return Sourced({36_GBps, "MI200_XGMI_WIDTH"}, "RCCL");
  return Sourced({24_GBps, "VEGA_XGMI_WIDTH"}, "RCCL");
}

std::optional<SourcedRate> NcclPcie(std::string_view link_speed, std::uint32_t lanes) {
  double gigatransfers = 0;
  const char* end = link_speed.data() + link_speed.size();
  const auto [rest, error] = std::from_chars(link_speed.data(), end, gigatransfers);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (error != std::errc() || unit.substr(0, 5) != " GT/s") return std::nullopt;
  for (const PcieGeneration& generation : kPcie) {
    if (generation.gigatransfers == gigatransfers) return PcieRate(generation, lanes);
  }
  return std::nullopt;
}

SourcedRate NcclPcieGeneration(std::uint32_t generation) {
  constexpr std::uint32_t kLanes = 16;
  SWITCHYARD_CHECK(generation >= 1 && generation <= kPcie.size(), "a PCIe generation from 1 to 6");
  return PcieRate(kPcie[generation - 1], kLanes);
}

SourcedRate NcclBetweenSockets(const CpuModel& cpu) {
  if (cpu.arch == "ppc64") return Sourced({32_GBps, "P9_BW"});
  if (cpu.arch == "arm64") return Sourced({6_GBps, "ARM_BW"});
  if (cpu.vendor == "GenuineIntel") return Sourced(IntelSockets(cpu));
  if (cpu.vendor == "AuthenticAMD") return Sourced({16_GBps, "AMD_BW"});
  if (cpu.vendor == "CentaurHauls" || cpu.vendor == "  Shanghai  ") {
    const bool yongfeng = cpu.family == 7 && cpu.model == 0x5B;
    return yongfeng ? Sourced({9_GBps, "YONGFENG_ZPI_BW"}) : Sourced({6_GBps, "ZPI_BW"});
  }
  SourcedRate rate = Sourced({10_GBps, "SKL_QPI_BW"});
  rate.origin += ", as the CPU is not named";
  return rate;
}

}  // namespace switchyard
