#include "cli/index_refresh.h"

#include "cli/context.h"
#include "console/admin.h"
#include "console/sealed_mark.h"
#include "console/stores.h"

namespace cofferdam::cli {

Result<std::string> RefreshedIndex(const Config& config) {
  const std::string folder = console::IndexFolder(config.data_folder);
  if (console::IsSealed(config.data_folder)) return folder;
  TRY_ASSIGN(console::StoresOptions options, StoresOptionsOf(config));
  TRY_ASSIGN(auto admin, console::Admin::Open(options, CommandLogger()));
  TRY(admin->Call("POST", "index/build"));
  TRY(admin->Close());
  return folder;
}

}  // namespace cofferdam::cli
