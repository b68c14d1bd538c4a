// CTDenoising
