// Linked into unit tests that are built with ThreadSanitizer. RocksDB and zstd
// come from the distribution without it, so their locks and atomics are not
// seen, and memory that they hand from thread to thread looks like a race. So
// do RocksDB's statics, which its threads make (a compaction, for one) and the
// end of the process destroys: no frame of the library stands above that.

extern "C" const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\n"
         "race:libzstd.so\n"
         "race:__run_exit_handlers\n"
         "called_from_lib:librocksdb.so\n"
         "called_from_lib:libzstd.so\n";
}
