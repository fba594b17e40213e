#include "base/sqlite_testing.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <new>

#include "base/check.h"

namespace cofferdam {

struct SqliteFaults::State {
  std::string name;
  sqlite3_vfs vfs = {};
  sqlite3_vfs* machine = nullptr;
  std::atomic<int64_t> steps = 0;
  std::atomic<int64_t> steps_max = INT64_MAX;
  std::atomic<Fault> fault = Fault::kIoError;

  // SQLITE_OK, or what the step at hand fails with.
  int Step(int io_error) {
    if (steps.fetch_add(1) < steps_max) return SQLITE_OK;
    return fault == Fault::kDiskFull ? SQLITE_FULL : io_error;
  }
};

namespace {

using State = SqliteFaults::State;

// What SQLite holds per open file; the machine's own object follows it.
struct FaultyFile {
  sqlite3_file base;
  State* state;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultyFile* Faulty(sqlite3_file* file) {
  return reinterpret_cast<FaultyFile*>(file);
}
sqlite3_file* Real(sqlite3_file* file) { return Faulty(file)->real(); }
State* StateOf(sqlite3_vfs* vfs) { return static_cast<State*>(vfs->pAppData); }

int Close(sqlite3_file* file) {
  return Real(file)->pMethods->xClose(Real(file));
}
int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), to, size, offset);
}
int Write(sqlite3_file* file, const void* from, int size,
          sqlite3_int64 offset) {
  int fails = Faulty(file)->state->Step(SQLITE_IOERR_WRITE);
  if (fails != SQLITE_OK) return fails;
  return Real(file)->pMethods->xWrite(Real(file), from, size, offset);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  int fails = Faulty(file)->state->Step(SQLITE_IOERR_TRUNCATE);
  if (fails != SQLITE_OK) return fails;
  return Real(file)->pMethods->xTruncate(Real(file), size);
}
// Tests see the kernel's view of a file, which needs no sync.
int Sync(sqlite3_file* file, int) {
  return Faulty(file)->state->Step(SQLITE_IOERR_FSYNC);
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file)->pMethods->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int level) {
  return Real(file)->pMethods->xLock(Real(file), level);
}
int Unlock(sqlite3_file* file, int level) {
  return Real(file)->pMethods->xUnlock(Real(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* out) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), out);
}
int FileControl(sqlite3_file* file, int op, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), op, argument);
}
int SectorSize(sqlite3_file* file) {
  return Real(file)->pMethods->xSectorSize(Real(file));
}
int DeviceCharacteristics(sqlite3_file* file) {
  return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
}
int ShmMap(sqlite3_file* file, int page, int size, int extend,
           void volatile** out) {
  return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, out);
}
int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, n, flags);
}
void ShmBarrier(sqlite3_file* file) {
  Real(file)->pMethods->xShmBarrier(Real(file));
}
int ShmUnmap(sqlite3_file* file, int remove) {
  return Real(file)->pMethods->xShmUnmap(Real(file), remove);
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
};

int Open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags,
         int* flags_out) {
  State* state = StateOf(vfs);
  file->pMethods = nullptr;
  if ((flags & SQLITE_OPEN_CREATE) != 0) {
    int exists = 0;
    state->machine->xAccess(state->machine, path, SQLITE_ACCESS_EXISTS,
                            &exists);
    int fails = exists != 0 ? SQLITE_OK : state->Step(SQLITE_CANTOPEN);
    if (fails != SQLITE_OK) return fails;
  }
  FaultyFile* faulty = new (file) FaultyFile{{nullptr}, state};
  int opened = state->machine->xOpen(state->machine, path, faulty->real(),
                                     flags, flags_out);
  if (opened == SQLITE_OK) faulty->base.pMethods = &kMethods;
  return opened;
}

int Delete(sqlite3_vfs* vfs, const char* path, int) {
  State* state = StateOf(vfs);
  int fails = state->Step(SQLITE_IOERR_DELETE);
  if (fails != SQLITE_OK) return fails;
  return state->machine->xDelete(state->machine, path, 0);
}

}  // namespace

SqliteFaults::SqliteFaults() : state_(new State) {
  state_->machine = sqlite3_vfs_find(nullptr);
  CHECK(state_->machine != nullptr);
  state_->name = fmt::format("faults-{}", static_cast<const void*>(state_));
  state_->vfs = *state_->machine;
  state_->vfs.szOsFile =
      static_cast<int>(sizeof(FaultyFile)) + state_->machine->szOsFile;
  state_->vfs.pNext = nullptr;
  state_->vfs.zName = state_->name.c_str();
  state_->vfs.pAppData = state_;
  state_->vfs.xOpen = Open;
  state_->vfs.xDelete = Delete;
  CHECK(sqlite3_vfs_register(&state_->vfs, 0) == SQLITE_OK);
}

SqliteFaults::~SqliteFaults() {
  CHECK(sqlite3_vfs_unregister(&state_->vfs) == SQLITE_OK);
  delete state_;
}

const std::string& SqliteFaults::name() const { return state_->name; }

void SqliteFaults::FailAfter(int64_t steps, Fault fault) {
  state_->fault = fault;
  state_->steps_max = state_->steps + steps;
}

void SqliteFaults::Heal() { state_->steps_max = INT64_MAX; }

int64_t SqliteFaults::steps() const { return state_->steps; }

}  // namespace cofferdam
