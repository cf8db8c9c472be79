// How plans and rebalances are shown.
#pragma once

#include <string>

#include "srsproxy/v1/rebalance.pb.h"
#include "tools/srsproxyctl/output/printer.h"

namespace srsproxy::ctl {

// A plan; as a table with its shares and moves below.
void ShowPlan(Printer& printer, const v1::RebalancePlan& plan);

const View<v1::Rebalance>& RebalanceView();

// How far a rebalance is, in one line.
std::string RebalanceText(const v1::Rebalance& rebalance);

}  // namespace srsproxy::ctl
