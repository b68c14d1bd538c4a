extension Network {
    /// This network with more blocks, which computes what it computed before: each new block has the weights and statistics of
    /// the last one, but mixes nothing and projects nothing, so that nothing is added to the stream until training finds what to
    /// add. A network that was trained goes on from where it was (net2net, Chen et al. 2016, doi 10.48550/arXiv.1511.05641).
    ///
    /// - Returns: `nil` if `configuration` differs in more than the number of blocks, or has fewer of them.
    public func deepened(to configuration: NetworkConfiguration) -> Network? {
        var shape = self.configuration
        shape.blocks = configuration.blocks
        guard shape == configuration, configuration.blocks >= self.configuration.blocks else { return nil }
        let deeper = ParameterLayout(configuration)
        let last = self.configuration.blocks - 1
        func copied(_ values: [Float], _ own: [ParameterLayout.Entry], to entries: [ParameterLayout.Entry]) -> [Float] {
            let ranges = Dictionary(uniqueKeysWithValues: own.map { ($0.name, $0.range) })
            var result: [Float] = []
            for entry in entries {
                if let range = ranges[entry.name] {
                    result += values[range]
                } else if entry.name.contains(".mix.") || entry.name.contains(".project.") {
                    result += repeatElement(0, count: entry.range.count)
                } else {
                    let parts = entry.name.split(separator: ".")
                    let name = (["blocks", "\(last)"] + parts.dropFirst(2)).joined(separator: ".")
                    guard let range = ranges[name] else { preconditionFailure("no \(name) to copy") }
                    result += values[range]
                }
            }
            return result
        }
        return Network(
            configuration: configuration, parameters: copied(parameters, layout.parameters, to: deeper.parameters),
            statistics: copied(statistics, layout.statistics, to: deeper.statistics))
    }
}
