"""Questions of physics, from formulas."""

from pipelines.science_numbers import Formula

PHYSICS = {
    "speed": Formula(
        topic="physics",
        problem="A cart covers {d} in {t} at a steady speed. What is its speed?",
        inputs="d 20 900 5 m, t 2 60 1 s",
        value=lambda d, t: d / t,
        unit="m/s",
        work="Speed is distance over time: {d} / {t} = {answer}",
        slips=(lambda d, t: d * t, lambda d, t: t / d),
    ),
    "acceleration": Formula(
        topic="physics",
        problem="A car speeds up evenly from {u} to {v} in {t}. What is its acceleration?",
        inputs="u 1 15 1 m/s, v 16 60 1 m/s, t 2 20 1 s",
        value=lambda u, v, t: (v - u) / t,
        unit="m/s^2",
        work="Acceleration is the change of speed over time: ({v} - {u}) / {t} = {answer}",
        slips=(lambda u, v, t: (v + u) / t, lambda u, v, t: v / t),
    ),
    "force": Formula(
        topic="physics",
        problem="What net force gives a body of {m} an acceleration of {a}?",
        inputs="m 1 120 1 kg, a 1 25 0.5 m/s^2",
        value=lambda m, a: m * a,
        unit="N",
        work="Force is mass times acceleration: {m} * {a} = {answer}",
        slips=(lambda m, a: m / a, lambda m, a: m * a / 2),
    ),
    "momentum": Formula(
        topic="physics",
        problem="What is the momentum of a body of {m} that moves at {v}?",
        inputs="m 1 90 1 kg, v 2 40 1 m/s",
        value=lambda m, v: m * v,
        unit="kg m/s",
        work="Momentum is mass times speed: {m} * {v} = {answer}",
        slips=(lambda m, v: m * v**2 / 2,),
    ),
    "kinetic_energy": Formula(
        topic="physics",
        problem="What is the kinetic energy of a body of {m} that moves at {v}?",
        inputs="m 1 80 1 kg, v 2 40 1 m/s",
        value=lambda m, v: m * v**2 / 2,
        unit="J",
        work=(
            "Kinetic energy is half the mass times the speed squared: {m} * ({v})^2 / 2 = {answer}"
        ),
        slips=(lambda m, v: m * v**2, lambda m, v: m * v / 2, lambda m, v: m * v),
    ),
    "potential_energy": Formula(
        topic="physics",
        problem=(
            "A load of {m} is lifted by {h}. By how much does its potential energy grow? "
            "Take g = 9.8 m/s^2."
        ),
        inputs="m 1 80 1 kg, h 1 40 1 m",
        value=lambda m, h: m * 9.8 * h,
        unit="J",
        work="It grows by mass times g times height: {m} * 9.8 m/s^2 * {h} = {answer}",
        slips=(lambda m, h: m * h, lambda m, h: m * 9.8 * h / 2),
    ),
    "free_fall": Formula(
        topic="physics",
        problem=(
            "A stone falls from rest for {t}. How far does it fall without air resistance? "
            "Take g = 9.8 m/s^2."
        ),
        inputs="t 0.5 12 0.1 s",
        value=lambda t: 4.9 * t**2,
        unit="m",
        work="The distance is g t^2 / 2: 9.8 m/s^2 * ({t})^2 / 2 = {answer}",
        slips=(lambda t: 9.8 * t**2, lambda t: 9.8 * t, lambda t: 4.9 * t),
    ),
    "circular_motion": Formula(
        topic="physics",
        problem=(
            "A body moves at {v} on a circle of radius {r}. What is its centripetal acceleration?"
        ),
        inputs="v 2 40 1 m/s, r 1 90 1 m",
        value=lambda v, r: v**2 / r,
        unit="m/s^2",
        work="It is the speed squared over the radius: ({v})^2 / {r} = {answer}",
        slips=(lambda v, r: v / r, lambda v, r: v**2 * r),
    ),
    "spring": Formula(
        topic="physics",
        problem="A spring of constant {k} is stretched by {x}. What energy is stored in it?",
        inputs="k 20 900 10 N/m, x 0.02 0.5 0.02 m",
        value=lambda k, x: k * x**2 / 2,
        unit="J",
        work="The energy is k x^2 / 2: {k} * ({x})^2 / 2 = {answer}",
        slips=(lambda k, x: k * x**2, lambda k, x: k * x),
    ),
    "pressure": Formula(
        topic="physics",
        problem="A force of {f} acts evenly on an area of {a}. What is the pressure?",
        inputs="f 10 900 10 N, a 0.1 4 0.1 m^2",
        value=lambda f, a: f / a,
        unit="Pa",
        work="Pressure is force over area: {f} / {a} = {answer}",
        slips=(lambda f, a: f * a, lambda f, a: a / f),
    ),
    "buoyancy": Formula(
        topic="physics",
        problem=(
            "A block of volume {v} is held under water of density 1000 kg/m^3. What is the buoyant "
            "force on it? Take g = 9.8 m/s^2."
        ),
        inputs="v 0.01 0.9 0.01 m^3",
        value=lambda v: 9800 * v,
        unit="N",
        work="It is the weight of the water displaced: 1000 kg/m^3 * {v} * 9.8 m/s^2 = {answer}",
        slips=(lambda v: 1000 * v,),
    ),
    "density": Formula(
        topic="physics",
        problem="A solid body has a mass of {m} and a volume of {v}. What is its density?",
        inputs="m 5 900 5 g, v 2 120 1 cm^3",
        value=lambda m, v: m / v,
        unit="g/cm^3",
        work="Density is mass over volume: {m} / {v} = {answer}",
        slips=(lambda m, v: v / m, lambda m, v: m * v),
    ),
    "heat": Formula(
        topic="physics",
        problem=(
            "How much heat warms {m} of water by {t}? The specific heat of water is 4.18 J/(g K)."
        ),
        inputs="m 10 900 10 g, t 2 60 1 K",
        value=lambda m, t: m * 4.18 * t,
        unit="J",
        work="It takes mass times specific heat times rise: {m} * 4.18 J/(g K) * {t} = {answer}",
        slips=(lambda m, t: m * t, lambda m, t: m * t / 4.18),
    ),
    "gas_pressure": Formula(
        topic="physics",
        problem=(
            "An ideal gas of {n} fills {v} at {t}. What is its pressure? Take R = 8.314 J/(mol K)."
        ),
        inputs="n 1 12 0.5 mol, v 0.01 0.4 0.01 m^3, t 250 450 5 K",
        value=lambda n, v, t: n * 8.314 * t / v,
        unit="Pa",
        work="From p V = n R T: p = {n} * 8.314 J/(mol K) * {t} / {v} = {answer}",
        slips=(lambda n, v, t: n * 8.314 * t * v, lambda n, v, t: n * 8.314 * (t - 273.15) / v),
    ),
    "wave": Formula(
        topic="physics",
        problem="A wave has a frequency of {f} and a wavelength of {w}. How fast does it travel?",
        inputs="f 2 400 2 Hz, w 0.1 5 0.1 m",
        value=lambda f, w: f * w,
        unit="m/s",
        work="The speed is frequency times wavelength: {f} * {w} = {answer}",
        slips=(lambda f, w: f / w, lambda f, w: w / f),
    ),
    "photon": Formula(
        topic="physics",
        problem="What is the energy of a photon of wavelength {w}? Take h c = 1240 eV nm.",
        inputs="w 120 900 5 nm",
        value=lambda w: 1240 / w,
        unit="eV",
        work="The energy is h c over the wavelength: 1240 eV nm / {w} = {answer}",
        slips=(lambda w: w / 1240,),
    ),
    "lens": Formula(
        topic="physics",
        problem=(
            "An object stands {u} in front of a thin converging lens of focal length {f}. How far "
            "behind the lens is its image?"
        ),
        inputs="u 31 120 1 cm, f 5 30 1 cm",
        value=lambda u, f: u * f / (u - f),
        unit="cm",
        work="From 1/f = 1/u + 1/v: v = u f / (u - f) = {u} * {f} / ({u} - {f}) = {answer}",
        slips=(lambda u, f: u * f / (u + f), lambda u, f: u - f),
    ),
    "current": Formula(
        topic="physics",
        problem="A voltage of {u} lies across a resistor of {r}. What current flows?",
        inputs="u 2 240 2 V, r 2 90 1 Ω",
        value=lambda u, r: u / r,
        unit="A",
        work="Current is voltage over resistance: {u} / {r} = {answer}",
        slips=(lambda u, r: u * r, lambda u, r: r / u),
    ),
    "electric_power": Formula(
        topic="physics",
        problem="A heater draws {i} at {u}. What is its power?",
        inputs="i 0.5 16 0.5 A, u 6 240 6 V",
        value=lambda i, u: i * u,
        unit="W",
        work="Power is voltage times current: {u} * {i} = {answer}",
        slips=(lambda i, u: u / i, lambda i, u: i**2 * u),
    ),
    "parallel": Formula(
        topic="physics",
        problem=(
            "Two resistors, {a} and {b}, are connected in parallel. What resistance do they have?"
        ),
        inputs="a 2 90 1 Ω, b 2 90 1 Ω",
        value=lambda a, b: a * b / (a + b),
        unit="Ω",
        work="In parallel R = a b / (a + b) = {a} * {b} / ({a} + {b}) = {answer}",
        slips=(lambda a, b: a + b, lambda a, b: (a + b) / 2),
    ),
    "half_life": Formula(
        topic="physics",
        problem=(
            "A sample holds {m} of a nuclide of half-life {h}. How much is left after {n} "
            "half-lives?"
        ),
        inputs="m 16 960 16 mg, h 2 60 1 d, n 2 6 1",
        value=lambda m, h, n: m / 2**n,
        unit="mg",
        work="Each half-life leaves one half: {m} / 2^{n} = {answer}",
        slips=(lambda m, h, n: m / n, lambda m, h, n: m - m / 2**n),
    ),
}
