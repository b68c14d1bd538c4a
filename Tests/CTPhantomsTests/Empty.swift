// CTPhantoms
