import ArgumentParser
import CTSupport

/// What `-o` says.
enum OutputName {
    /// Endings of images that the program does not write.
    private static let foreign: Set<String> = [
        "jpg", "jpeg", "jp2", "j2k", "jxl", "bmp", "gif", "webp", "avif", "heic", "heif", "dcm", "dicom", "nii", "nrrd",
        "mha", "mhd", "raw", "svg", "pgm", "ppm", "psd", "exr", "npy",
    ]

    /// Refuses what says nothing, as an unset variable of a script does; it would mean the current folder.
    static func validate(_ output: String) throws {
        if output.isEmpty { throw ValidationError("-o is empty; name a file or a folder, . for the one you are in.") }
    }

    /// Refuses a name that means an image file of a kind that is not written, rather than making a folder of it.
    static func checkEnding(_ output: String) throws(FileError) {
        let ending = FileSystem.fileExtension(output)
        guard foreign.contains(ending), !output.hasSuffix("/"), FileSystem.kind(output) != .folder else { return }
        throw FileError(
            file: output, found: "the ending .\(ending)", expected: ".png or .tif",
            advice: "Choose one of these, or write a / at the end if a folder is meant.")
    }

    /// Refuses a name that means an image file where a folder is wanted, rather than making a folder of it.
    static func checkFolder(_ folder: String) throws(FileError) {
        let ending = FileSystem.fileExtension(folder)
        let meansFile = foreign.contains(ending) || InputFiles.extensions.contains(ending)
        guard meansFile, !folder.hasSuffix("/"), FileSystem.kind(folder) != .folder else { return }
        throw FileError(
            file: folder, found: "the ending .\(ending)", expected: "the name of a folder",
            advice: "Choose another one, or write a / at the end if a folder is meant.")
    }
}
