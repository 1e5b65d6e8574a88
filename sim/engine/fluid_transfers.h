// Transfers whose bytes flow over a network: fidelities "pairwise" and "flow".
//
// A flow starts when its sender has entered, the transfer's startup and the path's latency have
// passed. What a relay forwards starts when the first of what it forwards is on its way, and does
// not end before the last has arrived (Flow in sim/graph/flows.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/engine/executor.h"
#include "sim/engine/link_meter.h"
#include "sim/engine/network.h"
#include "sim/engine/transfer.h"
#include "sim/engine/transfer_model.h"

namespace switchyard {

class FluidTransfers : public TransferModel {
 public:
  // `clock` and `network` must outlive it, and pass it its events and the flows that have ended.
  FluidTransfers(const ExecutionRequest& request, Clock& clock, LeaveSink on_leave);
  void Use(Network& network) { network_ = &network; }

  void Enter(TaskId task, DeviceId device) override;
  void OnEvent(Event event) override;
  void OnFlowEnd(FlowTag tag);
  void SetCapacity(LinkId link, BytesPerSecond capacity) override {
    network_->SetCapacity(link, capacity);
  }
  void Finish(Timeline& timeline) override;

 private:
  enum EventKind : std::uint32_t {
    kLaunches = kFirstTransferEvent,
    kBatchStarts,
    kHeldFlowArrives
  };
  struct InFlight {
    std::unique_ptr<Transfer> transfer;
    TransferMeter meter;
  };

  std::uint32_t SlotOf(TaskId task);
  void Launch(std::uint32_t slot, DeviceId device);
  void ScheduleBatches(std::uint32_t slot, DeviceId device, std::uint8_t hop);
  void StartBatch(std::uint32_t slot, std::uint32_t batch);
  void ForwardIfReady(std::uint32_t slot, DeviceId relay, DeviceId cause);
  void RelayedFlowArrived(std::uint32_t slot, const Flow& flow);
  void Deliver(FlowTag tag);
  void LeaveIfDone(std::uint32_t slot, DeviceId device, DeviceId cause);

  const ExecutionRequest request_;
  Clock& clock_;
  LeaveSink on_leave_;
  Network* network_ = nullptr;
  PathCache paths_;
  std::vector<std::uint32_t> slot_of_task_;  // transfers in flight; kNoSlot otherwise
  std::vector<InFlight> in_flight_;
  std::vector<std::uint32_t> free_slots_;
  LinkMeter meter_;
  std::vector<LinkActivity> link_activity_;
  EngineStats stats_;
  Bytes bytes_sent_;
  Bytes bytes_received_;
};

}  // namespace switchyard
