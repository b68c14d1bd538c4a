import ArgumentParser
import CTSupport

/// Checks of the value of `-o`.
enum OutputName {
    /// Endings of image formats that the program does not write.
    private static let foreign: Set<String> = [
        "jpg", "jpeg", "jp2", "j2k", "jxl", "bmp", "gif", "webp", "avif", "heic", "heif", "dcm", "dicom", "nii", "nrrd",
        "mha", "mhd", "raw", "svg", "pgm", "ppm", "psd", "exr", "npy",
    ]

    /// Refuses an empty name, as from an unset variable in a script; it would mean the current folder.
    static func validate(_ output: String) throws {
        if output.isEmpty { throw ValidationError("-o is empty; name a file or a folder (. for the current one).") }
    }

    /// Refuses the name of an image file in another format, instead of creating a folder with that name.
    static func checkEnding(_ output: String) throws(FileError) {
        let ending = FileSystem.fileExtension(output)
        guard foreign.contains(ending), !output.hasSuffix("/"), FileSystem.kind(output) != .folder else { return }
        throw FileError(
            file: output, found: "the ending .\(ending)", expected: ".png or .tif",
            advice: "Use one of these, or end the name with / if it is a folder.")
    }

    /// Refuses the name of an image file where a folder is expected, instead of creating a folder with that name.
    static func checkFolder(_ folder: String) throws(FileError) {
        let ending = FileSystem.fileExtension(folder)
        let meansFile = foreign.contains(ending) || InputFiles.extensions.contains(ending)
        guard meansFile, !folder.hasSuffix("/"), FileSystem.kind(folder) != .folder else { return }
        throw FileError(
            file: folder, found: "the ending .\(ending)", expected: "the name of a folder",
            advice: "Choose another name, or end it with / if it is a folder.")
    }
}
