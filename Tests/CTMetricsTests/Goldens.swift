// Made by Fixtures/goldens.py, which says how; do not edit.
// scikit-image 0.26.0, SciPy 1.17.1, NumPy 2.4.6, piq 0.8.0, PyTorch 2.15.0+cu132.

let goldens: [Golden] = [
    Golden(
        width: 11, height: 11, noise: (0, 20), offset: (0, 0), dataRange: 255,
        mse: 137.94460227272728, psnr: 26.733756495215914,
        gaussian: 0.7071250782093996, uniform: 0.7190236148808369),
    Golden(
        width: 12, height: 16, noise: (3, 3), offset: (0, 0), dataRange: 255,
        mse: 1.4925944010416667, psnr: 46.39138552687962,
        gaussian: 0.9882482888385669, uniform: 0.9917447901886159),
    Golden(
        width: 64, height: 48, noise: (0, 25), offset: (0, 0), dataRange: 255,
        mse: 204.71920776367188, psnr: 25.019217686478832,
        gaussian: 0.919915145842113, uniform: 0.9356988715894091),
    Golden(
        width: 48, height: 64, noise: (10, 40), offset: (0, 5), dataRange: 255,
        mse: 551.6060078938802, psnr: 20.71451373159329,
        gaussian: 0.833560732836904, uniform: 0.8553697414353778),
    Golden(
        width: 33, height: 17, noise: (0, 100), offset: (0, -50), dataRange: 255,
        mse: 823.6956049465241, psnr: 18.97313612175187,
        gaussian: 0.16314339621941876, uniform: 0.24111578919543047),
    Golden(
        width: 64, height: 64, noise: (0, 400), offset: (-1024, -1024), dataRange: 2047,
        mse: 53382.528663635254, psnr: 18.948365433996905,
        gaussian: 0.2701981185910254, uniform: 0.2667661458113827),
    Golden(
        width: 40, height: 40, noise: (0, 40), offset: (-1024, -1020), dataRange: 2047,
        mse: 741.991416015625, psnr: 37.51836804302872,
        gaussian: 0.9723973858821354, uniform: 0.972897639159622),
    Golden(
        width: 31, height: 63, noise: (7, 7), offset: (-500, -500), dataRange: 2047,
        mse: 8.155041922683052, psnr: 57.10809487362191,
        gaussian: 0.9984345032666911, uniform: 0.9983956681675376),
    Golden(
        width: 64, height: 20, noise: (0, 5000), offset: (0, 0), dataRange: 65535,
        mse: 8312436.631933594, psnr: 27.132182599569585,
        gaussian: 0.08994389889445303, uniform: 0.0885557385919346),
    Golden(
        width: 20, height: 64, noise: (200, 300), offset: (20000, 20100), dataRange: 65535,
        mse: 33850.74390869141, psnr: 51.03378390288074,
        gaussian: 0.9973783460307784, uniform: 0.9972308534873245),
    Golden(
        width: 25, height: 25, noise: (0, 1), offset: (0, 0), dataRange: 1,
        mse: 0.356375, psnr: 4.4809276968248355,
        gaussian: 0.9991920161613965, uniform: 0.9994717487770021),
    Golden(
        width: 50, height: 30, noise: (2, 4), offset: (1000, 1000), dataRange: 4095.5,
        mse: 2.87828125, psnr: 67.65480631966874,
        gaussian: 0.9998919296579979, uniform: 0.9998883385780907),
]

let largeGoldens: [LargeGolden] = [
    LargeGolden(
        width: 176, height: 192, noise: (0, 60), dataRange: 1000,
        mse: 1202.4707932905717, mae: 29.99618622750947, bias: 29.99618622750947,
        psnr: 29.19925463367255, gaussian: 0.877158026636116, uniform: 0.8765609092661121,
        multiScale: 0.9740792750876343, deviation: 0.020917427261535747, information: 0.4257180171792385),
    LargeGolden(
        width: 208, height: 176, noise: (40, 200), dataRange: 1000,
        mse: 9949.806900557938, mae: 83.09843135380245, bias: 80.35838136472903,
        psnr: 20.02185347679994, gaussian: 0.39464297067047166, uniform: 0.3934005475293989,
        multiScale: 0.7925092641679835, deviation: 0.12094879495999009, information: 0.09509370441463992),
    LargeGolden(
        width: 256, height: 256, noise: (5, 10), dataRange: 2047,
        mse: 17.0902259349823, mae: 3.3777332305908203, bias: 2.5291805267333984,
        psnr: 53.894878811374824, gaussian: 0.997950486961991, uniform: 0.9979012447368351,
        multiScale: 0.9996822950717886, deviation: 0.00021910034753880493, information: 0.965597691535891),
    LargeGolden(
        width: 192, height: 240, noise: (0, 0), dataRange: 1000,
        mse: 0.0, mae: 0.0, bias: 0.0,
        psnr: nil, gaussian: 1.0, uniform: 1.0,
        multiScale: 1.0, deviation: 0.0, information: 0.9999999980253631),
]

/// Of real slices, clipped to −1024…1023 HU; the test image has uniform noise on it.
let realGoldens: [RealGolden] = [
    RealGolden(
        file: "covid_ct_md_cap002/s0_z0006_avg3.png", amplitude: 100,
        mse: 3095.4051399230957, mae: 47.524112701416016, bias: 2.653087615966797,
        psnr: 31.31518185921072, gaussian: 0.6705326011311972, uniform: 0.6755149382983708,
        multiScale: 0.9477130797797193, deviation: 0.04446341817666527, information: 0.45345553057699406),
    RealGolden(
        file: "lctsc_cam_Case_009/s0_z0030_avg2.png", amplitude: 30,
        mse: 303.2103080749512, mae: 15.128856658935547, bias: 0.12889480590820312,
        psnr: 41.4049172364213, gaussian: 0.9392887892257168, uniform: 0.9392576319010105,
        multiScale: 0.9926732379115301, deviation: 0.006975375200281911, information: 0.7895027403064073),
    RealGolden(
        file: "tcga_siim_TCGA-92-7341/s0_z0000_avg1.png", amplitude: 300,
        mse: 22663.89206314087, mae: 121.84491348266602, bias: 28.102230072021484,
        psnr: 22.669011921365776, gaussian: 0.2590755290310396, uniform: 0.27575439851692124,
        multiScale: 0.8083178309284661, deviation: 0.15761334842730912, information: 0.2410429150140989),
]

/// The median of `image(width: 9, height: 7, seed: 3, amplitude: 90, offset: -20)`.
let goldenMedian: [Double] = [
    14.125, 14.125, 41.75, 55.375, 55.625, 58.5, 72.75, 56.125, 44.125,
    22.375, 20.75, 26.0, 26.0, 55.375, 56.125, 56.125, 46.5, 46.5,
    22.375, 22.375, 40.375, 41.75, 58.5, 59.0, 55.5, 55.5, 55.5,
    40.375, 40.375, 42.125, 38.875, 44.375, 50.375, 50.375, 50.375, 55.5,
    41.625, 41.625, 44.375, 50.875, 56.25, 56.25, 55.5, 55.5, 24.625,
    44.375, 36.0, 36.0, 44.375, 44.375, 38.875, 26.125, 26.125, 24.625,
    44.375, 9.125, 9.125, 59.0, 59.0, 28.5, 26.125, 26.125, 27.875,
]
