// Max-min fair rates of flows over links, all flows of equal weight.
//
//   MaxMinFill fill;
//   fill.Solve(sharing, rate);   // rate[f] of every flow still there
//
// Progressive filling (Bertsekas, Gallager, "Data Networks", 2nd edition, section 6.5.2): the rates
// of all flows rise together until a link is full; its flows keep that rate and the others go on
// rising.
#pragma once

#include <cstdint>
#include <vector>

namespace switchyard {

// Which flow crosses which link, both ways round. A flow that has gone stays in the lists, so that
// its leaving costs only its own path.
struct Sharing {
  std::vector<double> capacity;           // by link, bytes/s
  std::vector<std::uint32_t> open_flows;  // by link: flows that have not gone
  std::vector<std::uint32_t> link_begin;  // [links + 1] into link_flows
  std::vector<std::uint32_t> link_flows;  // flows of each link, one link after the other
  std::vector<std::uint32_t> flow_begin;  // [flows + 1] into flow_links
  std::vector<std::uint32_t> flow_links;  // links of each flow, one flow after the other
  std::vector<std::uint8_t> gone;         // by flow
  std::uint32_t num_open = 0;             // flows that have not gone
  [[nodiscard]] std::size_t num_flows() const { return gone.size(); }
  [[nodiscard]] std::size_t num_links() const { return capacity.size(); }
};

// Contract: every flow crosses at least one link and capacities are > 0, so every rate is > 0. The
// rates of flows that have gone are left as they were. Time grows with the entries of the lists;
// nothing is allocated once the largest problem has been seen.
class MaxMinFill {
 public:
  void Solve(const Sharing& sharing, std::vector<double>& rate);
  // After Solve: capacity of a link that no flow uses.
  [[nodiscard]] double unused(std::size_t link) const { return links_[link].left; }

 private:
  struct LinkState {
    double left;           // capacity not yet given to a fixed flow
    std::uint32_t rising;  // flows whose rate is not yet fixed
  };
  // A link that may fill next: the rate at which it would, if no other link filled before it. Rates
  // only rise, so a share noted earlier is a lower bound of the share now.
  struct Candidate {
    double share;
    std::uint32_t link;
  };
  // A lambda, so that heap algorithms inline it.
  static constexpr auto kFillsLater = [](const Candidate& a, const Candidate& b) {
    return a.share != b.share ? a.share > b.share : a.link > b.link;
  };
  void Begin(const Sharing& sharing);
  void ReplaceTop(Candidate candidate);
  std::uint32_t Fix(const Sharing& sharing, std::uint32_t link, double share,
                    std::vector<double>& rate);

  std::vector<LinkState> links_;
  std::vector<std::uint8_t> fixed_;  // by flow
  std::vector<Candidate> heap_;      // the link that fills next is on top
};

}  // namespace switchyard
