//! The elementary functions of lanes against references of 400 bits.

use ode_solvers::Element;

/// The distance of `y` from the exact `reference`, in units in the last place of f64.
fn ulps(y: f64, reference: f64) -> f64 {
    if y == reference || (y.is_nan() && reference.is_nan()) {
        return 0.0;
    }
    let unit = (reference.abs().next_up() - reference.abs()).max(f64::from_bits(1));
    (y - reference).abs() / unit
}

fn ulps_single(y: f32, reference: f64) -> f64 {
    if y == reference as f32 {
        return 0.0;
    }
    let size = (reference.abs() as f32).min(f32::MAX);
    let unit = f64::from(size.next_up()).min(2f64.powi(128)) - f64::from(size);
    (f64::from(y) - reference).abs() / unit.max(f64::from(f32::from_bits(1)))
}

fn apply<E: Element>(name: &str, x: E) -> E {
    match name {
        "exp" => x.exp(),
        "exp_m1" => x.exp_m1(),
        "ln" => x.ln(),
        "tanh" => x.tanh(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        other => panic!("{other}"),
    }
}

#[test]
fn double_precision_is_accurate() {
    let mut worst = std::collections::BTreeMap::new();
    for line in include_str!("../data/elementary.csv").lines().skip(2) {
        let [name, x, y] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (x, reference): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
        let error = ulps(apply(name, x), reference);
        let entry = worst.entry(name).or_insert((0.0, x));
        if error >= entry.0 {
            *entry = (error, x);
        }
    }
    assert_eq!(worst.len(), 6);
    for (name, (error, x)) in worst {
        let limit = match name {
            "exp" | "ln" => 1.0,
            "tanh" => 3.0,
            "exp_m1" => 2.0,
            _ => 1.5,
        };
        println!("{name}: {error} at {x}");
        assert!(error <= limit, "{name}: {error} ulp at {x}");
    }
}

#[test]
fn single_precision_is_accurate() {
    // A fine net over all numbers of f32; the standard library's f64 is exact enough here.
    let net = (0..u32::MAX).step_by(9973).map(f32::from_bits).filter(|x| x.is_finite());
    let mut worst = [0.0f64; 6];
    for x in net {
        let d = f64::from(x);
        let references = [d.exp(), d.exp_m1(), d.ln(), d.tanh(), d.sin(), d.cos()];
        let found = [x.exp(), x.exp_m1(), x.ln(), x.tanh(), x.sin(), x.cos()];
        let found_by_element = [
            Element::exp(x),
            Element::exp_m1(x),
            Element::ln(x),
            Element::tanh(x),
            Element::sin(x),
            Element::cos(x),
        ];
        for k in 0..6 {
            if k >= 4 && d.abs() > 1e6 || references[k].is_nan() {
                continue;
            }
            assert!(found[k].is_finite() || !references[k].is_finite() || references[k].abs() > 3.4e38);
            worst[k] = worst[k].max(ulps_single(found_by_element[k], references[k]));
        }
    }
    println!("{worst:?}");
    for (error, limit) in worst.into_iter().zip([1.0, 2.0, 1.0, 3.0, 0.51, 0.51]) {
        assert!(error <= limit, "{worst:?}");
    }
}

fn special<E: Element>(inf: E, nan: E, huge: E, tiny: E) {
    let (zero, one) = (E::default(), E::from_f64(1.0));
    for name in ["exp", "exp_m1", "ln", "tanh", "sin", "cos"] {
        let y: f64 = apply(name, nan).into();
        assert!(y.is_nan(), "{name} of NaN is {y}");
    }
    assert_eq!((inf.exp(), (-inf).exp(), zero.exp(), (-zero).exp()), (inf, zero, one, one));
    assert_eq!((huge.exp(), (-huge).exp()), (inf, zero));
    assert_eq!((inf.exp_m1(), (-inf).exp_m1(), zero.exp_m1(), huge.exp_m1()), (inf, -one, zero, inf));
    assert_eq!((tiny.exp_m1(), (-tiny).exp_m1(), (-huge).exp_m1()), (tiny, -tiny, -one));
    assert_eq!((zero.ln(), (-zero).ln(), one.ln(), inf.ln()), (-inf, -inf, zero, inf));
    let (a, b): (f64, f64) = ((-one).ln().into(), (-inf).ln().into());
    assert!(a.is_nan() && b.is_nan());
    assert_eq!((inf.tanh(), (-inf).tanh(), huge.tanh(), tiny.tanh()), (one, -one, one, tiny));
    let minus: f64 = (-zero).exp_m1().into();
    assert!(minus.is_sign_negative());
    let minus: f64 = (-zero).tanh().into();
    assert!(minus.is_sign_negative());
    let (s, c): (f64, f64) = (inf.sin().into(), inf.cos().into());
    assert!(s.is_nan() && c.is_nan());
    assert_eq!((zero.sin(), zero.cos()), (zero, one));
}

#[test]
fn special_values_are_right() {
    special(f32::INFINITY, f32::NAN, f32::MAX, f32::from_bits(3));
    special(f64::INFINITY, f64::NAN, f64::MAX, f64::from_bits(3));
}
