"""DnCNN (Zhang et al. 2017, doi 10.1109/TIP.2017.2662206), the rival that learns from the same crops as our network."""
from pathlib import Path

import torch
from torch import nn

CHECKPOINT = "checkpoint.pt"


class DnCNN(nn.Module):
    """17 convolutions of 3×3 with 64 channels, batch normalization and ReLU between them.

    Takes and gives (batch, 1, rows, columns); what it gives is the noise, not the clean image.
    """

    def __init__(self, layers=17, channels=64):
        super().__init__()
        stages = [nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(inplace=True)]
        for _ in range(layers - 2):
            # No bias: batch normalization has one.
            stages += [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
            stages += [nn.ReLU(inplace=True)]
        stages += [nn.Conv2d(channels, 1, 3, padding=1)]
        self.stages = nn.Sequential(*stages)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, image):
        return self.stages(image)


def load(folder):
    """The averaged network of the newest checkpoint in `folder`, ready to use, and the checkpoint."""
    checkpoint = torch.load(Path(folder) / CHECKPOINT, map_location="cpu", weights_only=True)
    network = DnCNN()
    network.load_state_dict(checkpoint["average"])
    return network.eval(), checkpoint
