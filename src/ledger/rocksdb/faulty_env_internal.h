#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "ledger/ledger_options.h"

namespace cofferdam::ledger {

// The default environment, its writes subject to `fault`.
std::unique_ptr<rocksdb::Env> MakeFaultyEnv(std::shared_ptr<DiskFault> fault);

}  // namespace cofferdam::ledger
