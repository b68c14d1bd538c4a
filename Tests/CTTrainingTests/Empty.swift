// CTTraining
