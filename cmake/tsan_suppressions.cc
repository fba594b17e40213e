// Linked into unit tests that are built with ThreadSanitizer. RocksDB and zstd
// come from the distribution without it, so their locks and atomics are not
// seen, and memory that they hand from thread to thread looks like a race.

extern "C" const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\n"
         "race:libzstd.so\n"
         "called_from_lib:librocksdb.so\n"
         "called_from_lib:libzstd.so\n";
}
