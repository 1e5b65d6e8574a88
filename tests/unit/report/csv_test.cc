#include "sim/report/csv.h"

#include <gtest/gtest.h>

#include "tests/unit/report/sample_result.h"

namespace switchyard {
namespace {

TEST(Csv, Collectives) {
  EXPECT_EQ(CollectivesCsv(SampleResult()),
            "name,layer,time_s,bytes\n"
            "dispatch,3,0.00016,26000000\n"
            "combine,3,0.00015,52000000\n"
            "all_gather,,1e-05,1000000\n");
}

TEST(Csv, ExpertsAndLinks) {
  EXPECT_EQ(ExpertsCsv(SampleResult()),
            "layer,expert,device,chosen,kept\n"
            "3,0,0,12,12\n"
            "3,1,0,90,87\n");
  EXPECT_EQ(LinksCsv(SampleResult()).substr(0, 81),
            "name,tier,bytes,busy_s,utilization\n"
            "n003.nic5>leaf5,nic,410000000,0.021,0.91\nn001.");
}

TEST(Csv, FieldsAreQuotedWhereTheyMustBe) {
  RunResult result;
  result.links = {{"a,b", "say \"x\"", 1.0 / 3.0, 0, 0}};
  EXPECT_EQ(LinksCsv(result),
            "name,tier,bytes,busy_s,utilization\n"
            "\"a,b\",\"say \"\"x\"\"\",0.333333333,0,0\n");
}

}  // namespace
}  // namespace switchyard
