// What happened when: the engine's whole result. Times are seconds from the start of the step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"

namespace switchyard {

inline constexpr std::uint32_t kNoCause = 0xffffffff;

// One task on one device. A compute task runs from start to end. A transfer task starts when the
// device enters it and ends when everything the device sends and receives in it has arrived.
struct Interval {
  Seconds start;
  Seconds end;
  // The dependency that ended last and so let this start (a task on the same device); kNoCause:
  // started at 0.
  std::uint32_t start_cause_task = kNoCause;
  // Transfers: the device whose flow ended last and so let this end; itself when its own flow did.
  std::uint32_t end_cause_device = kNoCause;
};

// Traffic of one transfer task on one link: all its bytes, from the first flow's start to the last
// one's end.
struct LinkActivity {
  LinkId link;
  TaskId task;
  Seconds start;
  Seconds end;
  Bytes bytes;
};

struct LinkUsage {
  Bytes bytes;
  Seconds busy;  // time with at least one flow
};

struct EngineStats {
  std::uint64_t events = 0;  // starts and ends of tasks and flows
  std::uint64_t flows = 0;
  std::uint64_t solves = 0;   // fidelity flow: of one connected set of flows each
  Seconds widest_window;      // fidelity flow: between the first and last of the ends solved as one
  std::string network_model;  // model and every option that shapes its predictions
};

struct Timeline {
  std::uint32_t num_devices = 0;
  std::vector<Interval>
      intervals;  // [task * num_devices + device]; of devices outside a task's group: zero
  std::vector<LinkUsage> links;             // by link
  std::vector<LinkActivity> link_activity;  // by task, then link; empty unless asked for
  Bytes bytes_sent;                         // flows handed to the network
  Bytes bytes_received;                     // flows that the network reported finished
  Seconds makespan;
  EngineStats stats;

  [[nodiscard]] const Interval& at(TaskId task, DeviceId device) const {
    return intervals[task.index() * num_devices + device.index()];
  }
};

}  // namespace switchyard
