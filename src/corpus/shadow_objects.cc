#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <utility>

#include "base/encoding.h"
#include "base/file.h"
#include "corpus/loose_objects_internal.h"
#include "corpus/shadow_objects_internal.h"

namespace cofferdam::corpus {
namespace {

// What a small file takes of a disk at least.
constexpr uint64_t kBlockBytes = 4096;

git_oid OidOf(const RawId& id) {
  git_oid oid;
  memcpy(oid.id, id.data(), id.size());
  return oid;
}

RawId RawOf(const git_oid& oid) {
  RawId id;
  memcpy(id.data(), oid.id, id.size());
  return id;
}

uint64_t OnDisk(uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

// Calls `visit` with each loose object below `folder`: its path and id.
template <typename Visit>
void EachLoose(const std::string& folder, const Visit& visit) {
  std::error_code error;
  for (const auto& fan : std::filesystem::directory_iterator(folder, error)) {
    const std::string head = fan.path().filename();
    if (head.size() != 2) continue;
    std::error_code inner;
    for (const auto& file :
         std::filesystem::directory_iterator(fan.path(), inner)) {
      visit(file.path().string(), head + file.path().filename().string());
    }
  }
}

}  // namespace

std::string HexOf(const RawId& id) { return ToHex(id); }

Result<RawId> IdOfHex(const std::string& hex) {
  auto bytes = FromHex(hex);
  RawId id;
  if (!bytes || bytes->size() != id.size()) {
    return Error(Code::kInvalid, "no id of git: " + hex.substr(0, 64));
  }
  memcpy(id.data(), bytes->data(), id.size());
  return id;
}

Result<std::unique_ptr<ShadowObjects>> ShadowObjects::Open(
    const std::string& folder, git_repository* beside, uint64_t bytes_max) {
  UseGit();
  TRY(MakeFolder(folder, 0700));
  std::unique_ptr<ShadowObjects> objects(new ShadowObjects);
  objects->folder_ = folder;
  objects->bytes_max_ = bytes_max;
  git_repository* repository = nullptr;
  if (git_repository_open_bare(&repository, folder.c_str()) != 0) {
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
    options.mode = 0700;
    if (git_repository_init_ext(&repository, folder.c_str(), &options) != 0) {
      return GitError("make the store " + folder);
    }
  }
  objects->repository_.reset(repository);
  GuardLooseObjects(repository);
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository) != 0) {
    return GitError("open the store " + folder);
  }
  objects->own_.reset(odb);
  if (beside != nullptr && git_repository_odb(&odb, beside) == 0) {
    objects->beside_.reset(odb);
  }
  objects->CountBytes();
  return objects;
}

void ShadowObjects::CountBytes() {
  bytes_ = 0;
  EachLoose(folder_ + "/objects",
            [&](const std::string& path, const std::string&) {
              struct stat info;
              if (stat(path.c_str(), &info) == 0) {
                bytes_ += OnDisk(static_cast<uint64_t>(info.st_size));
              }
            });
}

RawId ShadowObjects::IdOf(git_object_t type, std::string_view bytes) {
  git_oid oid{};
  git_odb_hash(&oid, bytes.data(), bytes.size(), type);
  return RawOf(oid);
}

bool ShadowObjects::Owns(const RawId& id) {
  const git_oid oid = OidOf(id);
  return git_odb_exists_ext(own_.get(), &oid, GIT_ODB_LOOKUP_NO_REFRESH) != 0;
}

bool ShadowObjects::Has(const RawId& id) {
  if (Owns(id)) return true;
  const git_oid oid = OidOf(id);
  return beside_ != nullptr &&
         git_odb_exists_ext(beside_.get(), &oid, GIT_ODB_LOOKUP_NO_REFRESH) !=
             0;
}

bool ShadowObjects::HasLength(const RawId& id, uint64_t length) {
  const git_oid oid = OidOf(id);
  for (git_odb* odb : {beside_.get(), own_.get()}) {
    size_t bytes = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (odb == nullptr || git_odb_read_header(&bytes, &type, odb, &oid) != 0) {
      continue;
    }
    return type == GIT_OBJECT_BLOB && bytes == length;
  }
  return false;
}

Result<RawId> ShadowObjects::Write(git_object_t type, std::string_view bytes) {
  const RawId id = IdOf(type, bytes);
  if (Has(id)) return id;
  if (bytes_ + OnDisk(bytes.size()) > bytes_max_) {
    return Error(Code::kExhausted,
                 fmt::format("{} has reached {} bytes", folder_, bytes_max_));
  }
  git_oid oid{};
  if (git_odb_write(&oid, own_.get(), bytes.data(), bytes.size(), type) != 0) {
    return GitError("write to " + folder_);
  }
  bytes_ += OnDisk(bytes.size());
  return id;
}

Result<std::string> ShadowObjects::Read(const RawId& id, git_object_t type) {
  const git_oid oid = OidOf(id);
  for (git_odb* odb : {own_.get(), beside_.get()}) {
    git_odb_object* object = nullptr;
    if (odb == nullptr || git_odb_read(&object, odb, &oid) != 0) continue;
    std::string bytes(static_cast<const char*>(git_odb_object_data(object)),
                      git_odb_object_size(object));
    const bool fits = git_odb_object_type(object) == type;
    git_odb_object_free(object);
    if (fits) return bytes;
  }
  return Error(Code::kNotFound,
               fmt::format("{} is not in {} any more", HexOf(id), folder_));
}

Result<std::vector<TreeRow>> ShadowObjects::ReadTree(const RawId& id) {
  TRY_ASSIGN(const std::string bytes, Read(id, GIT_OBJECT_TREE));
  std::vector<TreeRow> rows;
  for (std::string_view rest = bytes; !rest.empty();) {
    const size_t space = rest.find(' ');
    const size_t end = rest.find('\0');
    if (space == std::string_view::npos || end == std::string_view::npos ||
        space > end || rest.size() < end + 1 + GIT_OID_RAWSZ) {
      return Error(Code::kCorrupt, "a damaged tree: " + HexOf(id));
    }
    TreeRow row;
    for (char c : rest.substr(0, space)) {
      row.mode = row.mode * 8 + static_cast<uint32_t>(c - '0');
    }
    row.name = rest.substr(space + 1, end - space - 1);
    memcpy(row.id.data(), rest.data() + end + 1, row.id.size());
    rest.remove_prefix(end + 1 + GIT_OID_RAWSZ);
    rows.push_back(std::move(row));
  }
  return rows;
}

Status ShadowObjects::Delete(const std::unordered_set<std::string>& keep) {
  Status status;
  EachLoose(folder_ + "/objects",
            [&](const std::string& path, const std::string& hex) {
              if (keep.contains(hex)) return;
              if (unlink(path.c_str()) != 0 && status.ok()) {
                status = Error::FromErrno(errno, "delete " + path);
              }
            });
  CountBytes();
  return status;
}

}  // namespace cofferdam::corpus
