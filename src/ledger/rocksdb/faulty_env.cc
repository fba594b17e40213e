#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "ledger/rocksdb/faulty_env_internal.h"

namespace cofferdam::ledger {
namespace {

using rocksdb::DataVerificationInfo;
using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// As the library's own file system reports an errno.
IOStatus Ask(DiskFault& fault, const std::string& name, size_t bytes) {
  const int error_number = fault.OnWrite(name, bytes);
  if (error_number == 0) return IOStatus::OK();
  IOStatus status = error_number == ENOSPC
                        ? IOStatus::NoSpace(name, std::strerror(error_number))
                        : IOStatus::IOError(name, std::strerror(error_number));
  if (error_number == ENOSPC) status.SetRetryable(true);
  return status;
}

class FaultyFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<FSWritableFile> file, std::string name,
             std::shared_ptr<DiskFault> fault)
      : FSWritableFileOwnerWrapper(std::move(file)),
        name_(std::move(name)),
        fault_(std::move(fault)) {}

  IOStatus Append(const Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    IOStatus status = Ask(*fault_, name_, data.size());
    return status.ok() ? target()->Append(data, options, debug) : status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const DataVerificationInfo& info,
                  IODebugContext* debug) override {
    IOStatus status = Ask(*fault_, name_, data.size());
    return status.ok() ? target()->Append(data, options, info, debug) : status;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = Ask(*fault_, name_, 0);
    return status.ok() ? target()->Sync(options, debug) : status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = Ask(*fault_, name_, 0);
    return status.ok() ? target()->Fsync(options, debug) : status;
  }

 private:
  const std::string name_;
  const std::shared_ptr<DiskFault> fault_;
};

class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(std::shared_ptr<DiskFault> fault)
      : FileSystemWrapper(rocksdb::FileSystem::Default()),
        fault_(std::move(fault)) {}

  const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* out,
                           IODebugContext* debug) override {
    IOStatus status = Ask(*fault_, name, 0);
    if (!status.ok()) return status;
    status = target()->NewWritableFile(name, options, out, debug);
    if (!status.ok()) return status;
    *out = std::make_unique<FaultyFile>(std::move(*out), name, fault_);
    return status;
  }

 private:
  const std::shared_ptr<DiskFault> fault_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakeFaultyEnv(std::shared_ptr<DiskFault> fault) {
  return rocksdb::NewCompositeEnv(
      std::make_shared<FaultyFileSystem>(std::move(fault)));
}

}  // namespace cofferdam::ledger
