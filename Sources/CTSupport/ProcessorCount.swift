internal import CSupport

/// Returns the number of processors available to this process, the default number of threads.
package func processorCount() -> Int { Int(ct_processor_count()) }
