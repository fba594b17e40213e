#include <dlfcn.h>
#include <fmt/format.h>

#include "base/plugin.h"
#include "corpus/arrow_plugin_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr std::string_view kFileName = "libcofferdam_arrow.so";

Error Missing(std::string_view why) {
  return Error(
      Code::kUnavailable,
      fmt::format("Parquet, Arrow files and s3:// need {}, which is built with "
                  "Arrow C++ (tools/arrow.sh fetches it; then build again): {}",
                  kFileName, why));
}

Code CodeOf(arrow_abi::Outcome outcome) {
  switch (outcome) {
    case arrow_abi::Outcome::kInvalid:
      return Code::kCorrupt;
    case arrow_abi::Outcome::kTooLarge:
      return Code::kTooLarge;
    case arrow_abi::Outcome::kUnsupported:
      return Code::kInvalid;
    case arrow_abi::Outcome::kNotFound:
      return Code::kNotFound;
    case arrow_abi::Outcome::kUnavailable:
      return Code::kUnavailable;
    case arrow_abi::Outcome::kOk:
    case arrow_abi::Outcome::kInternal:
      break;
  }
  return Code::kInternal;
}

}  // namespace

Result<const arrow_abi::Api*> OpenArrowPlugin(const std::string& path) {
  // Never closed: Arrow's threads may run until the process ends.
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return Missing(why == nullptr ? path : why);
  }
  auto entry = reinterpret_cast<arrow_abi::EntryPoint>(
      ::dlsym(library, arrow_abi::kEntryPoint));
  if (entry == nullptr) return Missing(path + " is another library");
  const arrow_abi::Api* api = entry(arrow_abi::kVersion);
  if (api == nullptr || api->version != arrow_abi::kVersion ||
      api->bytes != sizeof(arrow_abi::Api))
    return Missing(path + " belongs to another build of this program");
  return api;
}

Result<const arrow_abi::Api*> ArrowPlugin() {
  static const Result<const arrow_abi::Api*> opened =
      []() -> Result<const arrow_abi::Api*> {
    TRY_ASSIGN(const std::string program, ProgramPath());
    return OpenArrowPlugin(InstalledPath(program, kFileName));
  }();
  return opened;
}

Error ArrowError(arrow_abi::Outcome outcome, const arrow_abi::Failure& failure,
                 std::string_view what) {
  return Error(CodeOf(outcome),
               fmt::format("{}: {}", what,
                           failure.message[0] == '\0' ? "no reason was given"
                                                      : failure.message));
}

}  // namespace cofferdam::corpus
