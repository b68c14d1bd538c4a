// A step of Adam (Kingma & Ba 2015, doi 10.48550/arXiv.1412.6980); Sources/CTTraining/Optimization/Adam.swift calls it.

static void NAME(adam)(long n, const ct_adam_step *step, const float *gradient, float *first, float *second,
                       float *parameters) {
    const ct_adam_step s = *step;
    FOR_COLUMNS(j, n) {
        VF slope = LOAD_AT(gradient + j) * s.scale;
        VF mean = s.decay_first * LOAD_AT(first + j) + (1 - s.decay_first) * slope;
        VF square = s.decay_second * LOAD_AT(second + j) + (1 - s.decay_second) * (slope * slope);
        STORE_AT(first + j, mean);
        STORE_AT(second + j, square);
        VF root = __builtin_elementwise_sqrt(square) * s.root + s.epsilon;
        STORE_AT(parameters + j, LOAD_AT(parameters + j) - s.rate * mean / root);
    }
}
