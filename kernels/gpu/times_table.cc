#include "kernels/gpu/times_table.h"

#include <utility>

namespace switchyard::kernels::gpu {

TimesTable::TimesTable(const std::string& path, TimesOrigin origin)
    : file_(path), origin_(std::move(origin)) {
  file_ << "op,device,driver,dtype,n,k,groups,m,median_us,p10_us,p90_us,reps,bytes,flops,revision,"
           "date,bound_us,fraction,sets,run\n";
}

double TimesTable::BoundUs(double bytes) const { return bandwidth_ > 0 ? bytes / bandwidth_ : 0; }

void TimesTable::Add(const TimesRow& row) {
  const Timing& t = row.timing;
  const double bound_us = BoundUs(row.bytes);
  file_ << row.op << ',' << origin_.device << ',' << origin_.driver << ',' << row.dtype << ','
        << row.n << ',' << row.k << ',' << row.groups << ',' << row.m << ',' << t.median_us << ','
        << t.p10_us << ',' << t.p90_us << ',' << t.replays << ',';
  // Floating-point operations are not what bounds these kernels: not counted.
  file_ << static_cast<std::uint64_t>(row.bytes) << ",," << origin_.revision << ',' << origin_.date
        << ',' << bound_us << ',' << (t.median_us > 0 ? bound_us / t.median_us : 0) << ','
        << row.sets << ',' << run_ << std::endl;
}

}  // namespace switchyard::kernels::gpu
