// switchyard topology import: a machine's own description as a cluster card.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/file.h"
#include "sim/cli/checks.h"
#include "sim/cli/topology_outputs.h"
#include "sim/scenario/load.h"
#include "topologies/analysis/report.h"
#include "topologies/builder.h"
#include "topologies/import/card_yaml.h"
#include "topologies/import/import.h"

namespace switchyard {
namespace {

struct ImportFlags {
  std::string file;
  std::optional<TopologyFormat> format;
  std::optional<std::string> card;  // to complete from
  std::optional<std::string> name;
  std::optional<std::uint32_t> sm;
  std::optional<std::uint32_t> pcie_generation;
  std::vector<std::string> gpus;
  std::optional<std::string> card_out;
  TopologyOutputs outputs;
};

std::string Heading(const ImportFlags& flags, const ImportedCluster& imported) {
  std::string text = flags.file + ": " + imported.format + "\n";
  for (const std::string& line : imported.found) text += "  found:   " + line + "\n";
  for (const std::string& line : imported.assumptions) text += "  assumed: " + line + "\n";
  return text + "\n";
}

ExitCode PlanFiles(const ImportFlags& flags, OutputPlan& plan) {
  plan.Reads("the topology", flags.file);
  if (flags.card) plan.Reads("the card", *flags.card);
  if (flags.card_out) plan.Writes("--card", *flags.card_out);
  flags.outputs.Plan(plan);
  return Prepare(plan);
}

ExitCode Write(const ImportFlags& flags, const ImportedCluster& imported) {
  const Result<Platform> platform = BuildPlatform(imported.spec);
  if (!platform.ok()) return Complain(platform.errors());
  OutputSet set;
  if (flags.card_out) set.Add(*flags.card_out, ClusterCardYaml(imported, flags.file));
  const bool card_alone = flags.card_out == "-";
  const TopologyText text = [&](const Platform& built, const TopologyAnalysis& analysis) {
    return card_alone ? "" : Heading(flags, imported) + ToText(built, analysis);
  };
  return flags.outputs.Write(platform.value(), imported.spec.paths, imported.assumptions, set,
                             text);
}

ExitCode Import(const ImportFlags& flags) {
  constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
  if (flags.card_out && !flags.card) {
    return ComplainOfUsage({Problem(
        "--card: what the GPUs compute and the host's memory are in no topology file; name a card "
        "of this machine with --complete-from")});
  }
  OutputPlan plan;
  if (const ExitCode code = PlanFiles(flags, plan); code != ExitCode::kOk) return code;
  ImportOptions options;
  std::optional<ClusterSpec> card;
  if (flags.card) {
    Result<ClusterSpec> loaded = LoadClusterCard(*flags.card, DataRoot());
    if (!loaded.ok()) return Complain(loaded.errors());
    card = std::move(loaded).value();
    options.by.card = &*card;
    options.by.card_name = *flags.card;
  }
  options.by.sm = flags.sm;
  options.by.pcie_generation = flags.pcie_generation;
  options.format = flags.format;
  options.hints.gpu_bus_ids = flags.gpus;
  options.name = flags.name.value_or(std::filesystem::path(flags.file).stem().string());
  const Result<std::string> text = ReadFile(flags.file, kMaxBytes);
  if (!text.ok()) return Complain(text.errors());
  const Result<ImportedCluster> imported = ImportTopology(text.value(), flags.file, options);
  return imported.ok() ? Write(flags, imported.value()) : Complain(imported.errors());
}

}  // namespace

void AddTopologyImport(CLI::App& topology, Action& action) {
  const std::map<std::string, TopologyFormat> formats = {
      {"nccl", TopologyFormat::kNccl}, {"nvidia-smi", TopologyFormat::kNvidiaSmi}};
  constexpr std::uint32_t kMinSm = 60, kMaxSm = 999, kMaxGeneration = 6;
  CLI::App* command = topology.add_subcommand(
      "import", "Read a machine's NCCL topology (NCCL_TOPO_DUMP_FILE) or `nvidia-smi topo -m`");
  auto flags = std::make_shared<ImportFlags>();
  command->add_option("FILE", flags->file, "The dump, or the printed matrix")
      ->required()
      ->check(NotEmpty());
  command->add_option("--format", flags->format, "nccl or nvidia-smi; else by its content")
      ->transform(CLI::CheckedTransformer(formats))
      ->type_name("NAME");
  command
      ->add_option("--complete-from", flags->card,
                   "Card of such a machine, for what the file leaves out")
      ->type_name("CARD")
      ->check(NotEmpty());
  command->add_option("--name", flags->name, "Of the cluster; else the file's")->check(NotEmpty());
  command->add_option("--sm", flags->sm, "Compute capability, for NVLink's rate: 90 is Hopper")
      ->check(CLI::Range(kMinSm, kMaxSm));
  command
      ->add_option("--pcie-gen", flags->pcie_generation, "PCIe generation where no speed is given")
      ->check(CLI::Range(1u, kMaxGeneration));
  command
      ->add_option("--gpu", flags->gpus, "Bus id of a GPU whose PCI class is missing; repeatable")
      ->type_name("BUSID")
      ->take_all()
      ->allow_extra_args(false);
  AddOutput(*command, "--card", flags->card_out,
            "Write a cluster card; -: to standard output, alone");
  AddTopologyOutputs(*command, flags->outputs);
  command->callback([flags, &action] { action = [flags] { return Import(*flags); }; });
}

}  // namespace switchyard
