// CTNetwork
