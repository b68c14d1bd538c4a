internal import CSupport

/// How many processors this process may run on: the number of threads where none is given.
package func processorCount() -> Int { Int(ct_processor_count()) }
