// CTImageFiles
