// CTNoise
