#include "agent/sandbox/clean_environment.h"

#include <unistd.h>

#include <algorithm>

namespace cofferdam::agent {
namespace {

constexpr std::string_view kHarmless[] = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "NO_COLOR",
    "CC",
    "CXX",
    "CPP",
    "LD",
    "AR",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "MAKEFLAGS",
    "CPATH",
    "LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "CMAKE_PREFIX_PATH",
    "CMAKE_GENERATOR",
    "CMAKE_BUILD_PARALLEL_LEVEL",
    "GOPATH",
    "GOROOT",
    "GOFLAGS",
    "GOBIN",
    "GOMODCACHE",
    "GOTOOLCHAIN",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTFLAGS",
    "RUSTC_WRAPPER",
    "JAVA_HOME",
    "JDK_HOME",
    "MAVEN_OPTS",
    "GRADLE_USER_HOME",
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "PYTHONPATH",
    "NVM_DIR",
    "NVM_BIN",
    "NODE_PATH",
    "NODE_ENV",
    "PNPM_HOME",
    "BUN_INSTALL",
    "DENO_DIR",
    "VOLTA_HOME",
    "GEM_HOME",
    "GEM_PATH",
    "RBENV_ROOT",
    "BUNDLE_PATH",
    "DOTNET_ROOT",
    "SDKMAN_DIR",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MIX_HOME",
    "HEX_HOME",
    "OPAMROOT",
    "GHCUP_INSTALL_BASE_PREFIX",
    "NIX_PATH",
    "NIX_PROFILES",
    "NIX_SSL_CERT_FILE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CCACHE_DIR",
    "CCACHE_BASEDIR",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "SOURCE_DATE_EPOCH",
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
};

// Set for every command: nothing waits for a person, nothing draws.
constexpr std::pair<std::string_view, std::string_view> kFixed[] = {
    {"TERM", "dumb"},
    {"TMPDIR", "/tmp"},
    {"PAGER", "cat"},
    {"MANPAGER", "cat"},
    {"SYSTEMD_PAGER", "cat"},
    {"GH_PAGER", "cat"},
    {"GIT_PAGER", "cat"},
    {"EDITOR", "false"},
    {"VISUAL", "false"},
    {"GIT_EDITOR", "false"},
    {"GIT_SEQUENCE_EDITOR", "false"},
    {"GIT_MERGE_AUTOEDIT", "no"},
    {"GIT_TERMINAL_PROMPT", "0"},
    {"GIT_ASKPASS", "false"},
    {"SSH_ASKPASS", "false"},
    {"GIT_OPTIONAL_LOCKS", "0"},
    {"DEBIAN_FRONTEND", "noninteractive"},
    {"PIP_NO_INPUT", "1"},
    {"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
    {"NPM_CONFIG_UPDATE_NOTIFIER", "false"},
    {"COFFERDAM_SANDBOX", "1"},
};

std::string_view NameOf(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

void Set(std::vector<std::string>& environment, std::string_view name,
         std::string_view value) {
  std::erase_if(environment, [&](const std::string& variable) {
    return NameOf(variable) == name;
  });
  environment.push_back(std::string(name) + "=" + std::string(value));
}

}  // namespace

bool IsHarmlessVariable(std::string_view name) {
  return name.starts_with("LC_") ||
         std::find(std::begin(kHarmless), std::end(kHarmless), name) !=
             std::end(kHarmless);
}

std::vector<std::string> CleanEnvironment(
    std::span<const std::string> ours, std::span<const std::string> also,
    std::span<const std::pair<std::string, std::string>> extra) {
  std::vector<std::string> clean;
  for (const std::string& variable : ours) {
    const std::string_view name = NameOf(variable);
    if (name.size() < variable.size() &&
        (IsHarmlessVariable(name) ||
         std::find(also.begin(), also.end(), name) != also.end())) {
      clean.push_back(variable);
    }
  }
  if (VariableIn(clean, "PATH").empty()) {
    Set(clean, "PATH", "/usr/local/bin:/usr/bin:/bin");
  }
  for (const auto& [name, value] : kFixed) {
    if (std::find(also.begin(), also.end(), name) == also.end()) {
      Set(clean, name, value);
    }
  }
  for (const auto& [name, value] : extra) {
    Set(clean, name, value);
  }
  return clean;
}

std::vector<std::string> OurEnvironment() {
  std::vector<std::string> ours;
  for (char** variable = environ; variable != nullptr && *variable != nullptr;
       ++variable) {
    ours.emplace_back(*variable);
  }
  return ours;
}

std::string_view VariableIn(std::span<const std::string> environment,
                            std::string_view name) {
  for (const std::string_view variable : environment) {
    if (NameOf(variable) == name && name.size() < variable.size()) {
      return variable.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace cofferdam::agent
