//! O'Hara–Rudy 2011: the action potential of the undiseased human ventricle.
//!
//! O'Hara, Virág, Varró, Rudy, PLoS Comput Biol 7:e1002061 (2011),
//! [10.1371/journal.pcbi.1002061](https://doi.org/10.1371/journal.pcbi.1002061), Text S1. This is the
//! model as published, without the later corrections and without the CiPA version's dynamic I_Kr;
//! the curated CellML encoding (Chaste/cellml, `ohara_rudy_2011_endo` and `_epi`) agrees with it and
//! is what `cellml` names refer to. The initial state is the encoding's.
//!
//! ```text
//! V' = −(I_Na + I_NaL + I_to + I_CaL + I_CaNa + I_CaK + I_Kr + I_Ks + I_K1
//!        + I_NaCa_i + I_NaCa_ss + I_NaK + I_Nab + I_Cab + I_Kb + I_pCa + I_stim)
//! Na_i'  = −(I_Na + I_NaL + 3 I_NaCa_i + 3 I_NaK + I_Nab) A/(F v_myo) + J_diff,Na v_ss/v_myo
//! Na_ss' = −(I_CaNa + 3 I_NaCa_ss) A/(F v_ss) − J_diff,Na
//! K_i'   = −(I_to + I_Kr + I_Ks + I_K1 + I_Kb + I_stim − 2 I_NaK) A/(F v_myo) + J_diff,K v_ss/v_myo
//! K_ss'  = −I_CaK A/(F v_ss) − J_diff,K
//! Ca_i'  = β_i [−(I_pCa + I_Cab − 2 I_NaCa_i) A/(2F v_myo) − J_up v_nsr/v_myo + J_diff v_ss/v_myo]
//! Ca_ss' = β_ss [−(I_CaL − 2 I_NaCa_ss) A/(2F v_ss) + J_rel v_jsr/v_ss − J_diff]
//! Ca_nsr' = J_up − J_tr v_jsr/v_nsr,   Ca_jsr' = β_jsr [J_tr − J_rel]
//! ```
//!
//! Time in ms, V in mV, currents in A/F, concentrations in mM; gates named `…_CaMK` and `J_rel_CaMK`
//! are those of channels phosphorylated by CaMKII. The stimulus has the sign of the ionic currents:
//! a negative stimulus depolarises. It is carried by potassium and enters K_i.
//!
//! Variants `endo`, `epi` and `M` differ in the parameters `scale_…`, by which the conductance of
//! the same name is multiplied, and in `delta_epi`: conductances keep the meaning they have in the
//! publication and in the encoding for every variant.
//!
//! Deviations: I_CaL's and the background currents' removable singularities at 0 mV are evaluated
//! exactly; gas constant, temperature (310 K), Faraday constant and cell geometry are constants.

use ode_solvers::{Over, Scalar};

use super::ohara_rudy_family as family;
use super::ohara_rudy_family::{
    Exchanger, F_RT, FARADAY, Inactivation, JSR_PER_NSR, JSR_PER_SS, MYO, NSR_PER_MYO, PR_NA_K, RT_F, Rows,
    SS, SS_PER_MYO, blend, plain,
};
use crate::kinetics::{exps, falling, fallings, ghk, linoid, linoid_of_double, relax_at, slowed};
use crate::model::exactly;
use crate::variable::{current, gate, scaled, var};
use crate::{Current, IonicModel, PulseTrain, StimulusConvention, Variable, Variant};

/// The human ventricular cell: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct OHaraRudy2011;

impl IonicModel for OHaraRudy2011 {
    const NAME: &'static str = "ohara_rudy_2011";
    const CITATION: &'static str =
        "O'Hara et al., PLoS Comput Biol 7:e1002061 (2011), doi:10.1371/journal.pcbi.1002061";
    const TIME_UNIT: &'static str = "ms";
    const STIMULUS: StimulusConvention = StimulusConvention {
        unit: "A/F",
        depolarising: -1.0,
        pacing: Some(PulseTrain { start: 0.0, period: 1000.0, duration: 0.5, amplitude: -80.0, count: None }),
    };
    const STATES: &'static [Variable] = STATES;
    const PARAMETERS: &'static [Variable] = PARAMETERS;
    const CURRENTS: &'static [Current] = &[
        current("I_Na", "A/F", "fast sodium current", "G_Na"),
        current("I_NaL", "A/F", "late sodium current", "G_NaL"),
        current("I_to", "A/F", "transient outward current", "G_to"),
        current("I_CaL", "A/F", "L-type channel, calcium", "P_Ca"),
        current("I_CaNa", "A/F", "L-type channel, sodium", "P_Ca"),
        current("I_CaK", "A/F", "L-type channel, potassium", "P_Ca"),
        current("I_Kr", "A/F", "rapid delayed rectifier", "G_Kr"),
        current("I_Ks", "A/F", "slow delayed rectifier", "G_Ks"),
        current("I_K1", "A/F", "inward rectifier", "G_K1"),
        current("I_NaCa_i", "A/F", "sodium-calcium exchanger, cytosol", "G_NaCa"),
        current("I_NaCa_ss", "A/F", "sodium-calcium exchanger, subspace", "G_NaCa"),
        current("I_NaK", "A/F", "sodium-potassium pump", "P_NaK"),
        current("I_Nab", "A/F", "background sodium current", "P_Nab"),
        current("I_Cab", "A/F", "background calcium current", "P_Cab"),
        current("I_Kb", "A/F", "background potassium current", "G_Kb"),
        current("I_pCa", "A/F", "sarcolemmal calcium pump", "G_pCa"),
    ];
    const VARIANTS: &'static [Variant] = &[
        Variant { name: "endo", description: "endocardial", parameters: &[], states: &[] },
        Variant {
            name: "epi",
            description: "epicardial",
            parameters: &[
                ("scale_NaL", 0.6),
                ("scale_to", 4.0),
                ("scale_CaL", 1.2),
                ("scale_Kr", 1.3),
                ("scale_Ks", 1.4),
                ("scale_K1", 1.2),
                ("scale_NaCa", 1.1),
                ("scale_NaK", 0.9),
                ("scale_Kb", 0.6),
                ("scale_up", 1.3),
                ("scale_cmdn", 1.3),
                ("delta_epi", 0.95),
            ],
            states: &[],
        },
        Variant {
            name: "M",
            description: "mid-myocardial",
            parameters: &[
                ("scale_to", 4.0),
                ("scale_CaL", 2.5),
                ("scale_Kr", 0.8),
                ("scale_K1", 1.3),
                ("scale_NaCa", 1.4),
                ("scale_NaK", 0.7),
                ("scale_rel", 1.7),
            ],
            states: &[],
        },
    ];

    #[inline(always)]
    fn evaluate<P: Scalar, T: Scalar + Over<P>>(
        p: &[P],
        i_stim: T,
        y: &[T],
        dy: &mut [T],
        b: &mut [T],
        mut current: impl FnMut(&'static str, T),
    ) {
        let [na_o, k_o, ca_o] = *exactly(&p[..3]);
        let [
            g_na,
            g_nal,
            g_to,
            p_ca,
            g_kr,
            g_ks,
            g_k1,
            g_naca,
            p_nak,
            g_kb,
            p_nab,
            p_cab,
            g_pca,
            j_up_max,
            j_rel_max,
            cmdn_max,
        ] = *exactly(&p[3..19]);
        let [
            scale_nal,
            scale_to,
            scale_cal,
            scale_kr,
            scale_ks,
            scale_k1,
            scale_naca,
            scale_nak,
            scale_kb,
            scale_up,
            scale_cmdn,
            scale_rel,
            delta_epi,
        ] = *exactly(&p[19..]);
        let [v, camk_trap, na_i, na_ss, k_i, k_ss, ca_ss, ca_nsr, ca_jsr, ca_i] = *exactly(&y[..10]);
        let [m, hf, hs, j, hsp, jp, ml, hl, hlp] = *exactly(&y[10..19]);
        let to_gates = *exactly(&y[19..25]);
        let [d, ff, fs, fcaf, fcas, jca, ffp, fcafp, nca] = *exactly(&y[25..34]);
        let [xrf, xrs, xs1, xs2, xk1, jrelnp, jrelp] = *exactly(&y[34..]);

        let vfrt = v * F_RT;
        let e_na = (na_i / na_o).ln() * -RT_F;
        let e_k = (k_i / k_o).ln() * -RT_F;
        let e_ks = ((k_i + na_i * PR_NA_K) / (k_o + na_o * PR_NA_K)).ln() * -RT_F;
        let (phi, d_camk_trap) = family::camk(camk_trap, ca_ss);

        let (dy_ions, dy_gates) = dy.split_at_mut(10);
        let (b_ions, b_gates) = b.split_at_mut(10);
        let mut ions = Rows::<10, T>::new(dy_ions, b_ions);
        let mut gates = Rows::<31, T>::new(dy_gates, b_gates);

        // I_Na and I_NaL.
        let [m_inf, h_inf, hp_inf] = fallings([-(v + 39.57) / 9.871, (v + 82.9) / 6.086, (v + 89.1) / 6.086]);
        let [m_rate, hf_rate, hs_rate, j_rate] = family::i_na_rates(v);
        let (ml_inf, i_nal_rows) = family::i_nal(v, hl, hlp);
        gates.push([
            relax_at(m, m_inf, m_rate),
            relax_at(hf, h_inf, hf_rate),
            relax_at(hs, h_inf, hs_rate),
            relax_at(j, h_inf, j_rate),
            relax_at(hsp, hp_inf, hs_rate * (1.0 / 3.0)),
            relax_at(jp, h_inf, j_rate * (1.0 / 1.46)),
            relax_at(ml, ml_inf, m_rate),
        ]);
        gates.push(i_nal_rows);
        let h = hf * 0.99 + hs * 0.01;
        let hp = hf * 0.99 + hsp * 0.01;
        let i_na = (v - e_na) * (m * m * m) * blend(phi, h * j, hp * jp) * g_na;
        let i_nal = (v - e_na) * ml * blend(phi, hl, hlp) * (g_nal * scale_nal);

        // I_to.
        let (to_open, to_rows) = family::i_to(v, phi, delta_epi, to_gates);
        gates.push(to_rows);
        let i_to = to_open * (v - e_k) * (g_to * scale_to);

        // I_CaL and the other ions through its channel.
        let inactivation = Inactivation::new(v, [ff, fs, fcaf, fcas, ffp, fcafp]);
        let open = d * inactivation.open(phi, nca, jca);
        let [ff_row, fs_row, fcaf_row, fcas_row, ffp_row, fcafp_row] = inactivation.rows;
        gates.push([
            relax_at(d, falling(-(v + 3.94) / 4.23), family::i_cal_activation_rate(v)),
            ff_row,
            fs_row,
            fcaf_row,
            fcas_row,
            relax_at(jca, inactivation.inf, T::from(1.0 / 75.0)),
            ffp_row,
            fcafp_row,
            family::calcium_mode(nca, jca, ca_ss, 1000.0),
        ]);
        let monovalent = linoid(vfrt);
        let vfrt2 = vfrt * 2.0;
        let divalent = linoid_of_double(vfrt, monovalent);
        let p_ca_f = p_ca * scale_cal * FARADAY;
        let i_cal = open * ghk(vfrt2, divalent, ca_ss, ca_o * 0.341) * (p_ca_f * 2.0);
        let i_cana = open * ghk(vfrt, monovalent, na_ss, na_o) * (p_ca_f * (0.75 * 0.00125));
        let i_cak = open * ghk(vfrt, monovalent, k_ss, k_o) * (p_ca_f * (0.75 * 0.0003574));

        // Potassium currents.
        let [fast, rkr_1, rkr_2, xr_inf, xk1_inf, rk1, kb] = fallings([
            (v + 54.81) / 38.21,
            (v + 55.0) / 75.0,
            (v - 10.0) / 30.0,
            -(v + 8.337) / 6.789,
            -(v + (k_o * 2.5538 + 144.59)) / (k_o * 1.5692 + 3.8115),
            (v - (k_o * 2.6 - 105.8)) / 9.493,
            -(v - 14.48) / 18.34,
        ]);
        let [xrf_up, xrf_down, xrs_up, xrs_down, xk1_down, xk1_up] = exps([
            (v - 31.66) / 3.869,
            -(v - 47.78) / 20.38,
            (v - 34.7) / 7.355,
            -(v - 29.74) / 25.94,
            -(v + 127.2) / 20.36,
            (v + 236.8) / 69.33,
        ]);
        let xr = fast * xrf + (-fast + 1.0) * xrs;
        let i_kr = xr * (rkr_1 * rkr_2) * (v - e_k) * (g_kr * scale_kr * (k_o / 5.4).sqrt());
        let xrf_rate = slowed(xrf_up * 0.3652 + xrf_down * 4.123e-5, 12.98);
        let xrs_rate = slowed(xrs_up * 0.06629 + xrs_down * 1.128e-5, 1.865);
        gates.push([relax_at(xrf, xr_inf, xrf_rate), relax_at(xrs, xr_inf, xrs_rate)]);
        let (ks_open, ks_rows) = family::i_ks(v, ca_i, xs1, xs2);
        gates.push(ks_rows);
        let i_ks = ks_open * (v - e_ks) * (g_ks * scale_ks);
        gates.push([relax_at(xk1, xk1_inf, (xk1_down + xk1_up) * (1.0 / 122.2))]);
        let i_k1 = rk1 * xk1 * (v - e_k) * (g_k1 * scale_k1 * k_o.sqrt());
        let i_kb = kb * (v - e_k) * (g_kb * scale_kb);

        // Exchanger, pumps and background currents.
        let exchanger = Exchanger::new(vfrt, na_o, ca_o);
        let g_naca = g_naca * scale_naca;
        let i_naca_i = exchanger.current(na_i, ca_i) * (g_naca * 0.8);
        let i_naca_ss = exchanger.current(na_ss, ca_ss) * (g_naca * 0.2);
        let i_nak = family::pump(vfrt, na_i, k_i, na_o, k_o) * (p_nak * scale_nak);
        let i_nab = ghk(vfrt, monovalent, na_i, na_o) * (p_nab * FARADAY);
        let i_cab = ghk(vfrt2, divalent, ca_i, ca_o * 0.341) * (p_cab * (2.0 * FARADAY));
        let i_pca = ca_i / (ca_i + 0.0005) * g_pca;

        current("I_Na", i_na);
        current("I_NaL", i_nal);
        current("I_to", i_to);
        current("I_CaL", i_cal);
        current("I_CaNa", i_cana);
        current("I_CaK", i_cak);
        current("I_Kr", i_kr);
        current("I_Ks", i_ks);
        current("I_K1", i_k1);
        current("I_NaCa_i", i_naca_i);
        current("I_NaCa_ss", i_naca_ss);
        current("I_NaK", i_nak);
        current("I_Nab", i_nab);
        current("I_Cab", i_cab);
        current("I_Kb", i_kb);
        current("I_pCa", i_pca);

        // Calcium in the stores, diffusion.
        gates.push(family::release(-i_cal * scale_rel, ca_jsr, 1.5, jrelnp, jrelp));
        let j_rel = blend(phi, jrelnp, jrelp) * j_rel_max;
        let j_up =
            (family::uptake(phi, ca_i) * (scale_up * 0.004375) - ca_nsr * (0.0039375 / 15.0)) * j_up_max;
        let j_tr = (ca_nsr - ca_jsr) / 100.0;
        let j_diff = (ca_ss - ca_i) / 0.2;
        let j_diff_na = (na_ss - na_i) / 2.0;
        let j_diff_k = (k_ss - k_i) / 2.0;

        let potassium = i_to + i_kr + i_ks + i_k1 + i_kb + i_stim;
        let sodium = i_na + i_nal + i_nab;
        let d_v = -(potassium
            + sodium
            + (i_cal + i_cana + i_cak)
            + (i_naca_i + i_naca_ss)
            + (i_nak + i_cab + i_pca));
        let d_na_i = (sodium + (i_naca_i + i_nak) * 3.0) * -MYO + j_diff_na * SS_PER_MYO;
        let d_na_ss = (i_cana + i_naca_ss * 3.0) * -SS - j_diff_na;
        let d_k_i = (potassium - i_nak * 2.0) * -MYO + j_diff_k * SS_PER_MYO;
        let d_k_ss = i_cak * -SS - j_diff_k;
        let d_ca_i = family::free_i(ca_i, cmdn_max * scale_cmdn)
            * ((i_pca + i_cab - i_naca_i * 2.0) * (-0.5 * MYO) - j_up * NSR_PER_MYO + j_diff * SS_PER_MYO);
        let d_ca_ss =
            family::free_ss(ca_ss) * ((i_cal - i_naca_ss * 2.0) * (-0.5 * SS) + j_rel * JSR_PER_SS - j_diff);
        let d_ca_nsr = j_up - j_tr * JSR_PER_NSR;
        let d_ca_jsr = family::free_jsr(ca_jsr) * (j_tr - j_rel);

        ions.push([
            plain(d_v),
            plain(d_camk_trap),
            plain(d_na_i),
            plain(d_na_ss),
            plain(d_k_i),
            plain(d_k_ss),
            plain(d_ca_ss),
            plain(d_ca_nsr),
            plain(d_ca_jsr),
            plain(d_ca_i),
        ]);
    }
}

const STATES: &[Variable] = &[
    var("V", "mV", -87.0, (-150.0, 100.0), "membrane potential", "membrane.v"),
    var("CaMK_trap", "1", 0.0, (0.0, 1.0), "trapped CaMKII", "CaMK.CaMKt"),
    var("Na_i", "mM", 7.0, (0.1, 100.0), "cytosolic sodium", "intracellular_ions.nai"),
    var("Na_ss", "mM", 7.0, (0.1, 100.0), "subspace sodium", "intracellular_ions.nass"),
    var("K_i", "mM", 145.0, (1.0, 300.0), "cytosolic potassium", "intracellular_ions.ki"),
    var("K_ss", "mM", 145.0, (1.0, 300.0), "subspace potassium", "intracellular_ions.kss"),
    var("Ca_ss", "mM", 1e-4, (1e-6, 1.0), "subspace calcium", "intracellular_ions.cass"),
    var("Ca_nsr", "mM", 1.2, (1e-3, 20.0), "network store calcium", "intracellular_ions.cansr"),
    var("Ca_jsr", "mM", 1.2, (1e-3, 20.0), "junctional store calcium", "intracellular_ions.cajsr"),
    var("Ca_i", "mM", 1e-4, (1e-6, 0.1), "cytosolic calcium", "intracellular_ions.cai"),
    gate("m", 0.0, "I_Na activation", "INa.m"),
    gate("h_fast", 1.0, "I_Na fast inactivation", "INa.hf"),
    gate("h_slow", 1.0, "I_Na slow inactivation", "INa.hs"),
    gate("j", 1.0, "I_Na recovery", "INa.j"),
    gate("h_CaMK_slow", 1.0, "I_Na slow inactivation, phosphorylated", "INa.hsp"),
    gate("j_CaMK", 1.0, "I_Na recovery, phosphorylated", "INa.jp"),
    gate("m_L", 0.0, "I_NaL activation", "INaL.mL"),
    gate("h_L", 1.0, "I_NaL inactivation", "INaL.hL"),
    gate("h_L_CaMK", 1.0, "I_NaL inactivation, phosphorylated", "INaL.hLp"),
    gate("a", 0.0, "I_to activation", "Ito.a"),
    gate("i_fast", 1.0, "I_to fast inactivation", "Ito.iF"),
    gate("i_slow", 1.0, "I_to slow inactivation", "Ito.iS"),
    gate("a_CaMK", 0.0, "I_to activation, phosphorylated", "Ito.ap"),
    gate("i_CaMK_fast", 1.0, "I_to fast inactivation, phosphorylated", "Ito.iFp"),
    gate("i_CaMK_slow", 1.0, "I_to slow inactivation, phosphorylated", "Ito.iSp"),
    gate("d", 0.0, "I_CaL activation", "ICaL.d"),
    gate("f_fast", 1.0, "I_CaL fast inactivation", "ICaL.ff"),
    gate("f_slow", 1.0, "I_CaL slow inactivation", "ICaL.fs"),
    gate("f_Ca_fast", 1.0, "I_CaL fast inactivation by calcium", "ICaL.fcaf"),
    gate("f_Ca_slow", 1.0, "I_CaL slow inactivation by calcium", "ICaL.fcas"),
    gate("j_Ca", 1.0, "I_CaL recovery from inactivation by calcium", "ICaL.jca"),
    gate("f_CaMK_fast", 1.0, "I_CaL fast inactivation, phosphorylated", "ICaL.ffp"),
    gate("f_Ca_CaMK_fast", 1.0, "I_CaL fast inactivation by calcium, phosphorylated", "ICaL.fcafp"),
    gate("n", 0.0, "I_CaL channels in the calcium-dependent mode", "ICaL.nca"),
    gate("x_r_fast", 0.0, "I_Kr fast activation", "IKr.xrf"),
    gate("x_r_slow", 0.0, "I_Kr slow activation", "IKr.xrs"),
    gate("x_s1", 0.0, "I_Ks activation", "IKs.xs1"),
    gate("x_s2", 0.0, "I_Ks deactivation", "IKs.xs2"),
    gate("x_k1", 1.0, "I_K1 inactivation", "IK1.xk1"),
    var("J_rel_NP", "mM/ms", 0.0, (-1.0, 100.0), "release, not phosphorylated", "ryr.Jrelnp"),
    var("J_rel_CaMK", "mM/ms", 0.0, (-1.0, 100.0), "release, phosphorylated", "ryr.Jrelp"),
];

const PARAMETERS: &[Variable] = &[
    var("Na_o", "mM", 140.0, (1.0, 300.0), "extracellular sodium", "extracellular.nao"),
    var("K_o", "mM", 5.4, (0.1, 100.0), "extracellular potassium", "extracellular.ko"),
    var("Ca_o", "mM", 1.8, (0.01, 20.0), "extracellular calcium", "extracellular.cao"),
    scaled("G_Na", "mS/uF", 75.0, "I_Na conductance", "INa.GNa"),
    scaled("G_NaL", "mS/uF", 0.0075, "I_NaL conductance", "INaL.GNaL_b"),
    scaled("G_to", "mS/uF", 0.02, "I_to conductance", "Ito.Gto_b"),
    scaled("P_Ca", "cm/s", 1e-4, "I_CaL permeability to calcium", "ICaL.PCa_b"),
    scaled("G_Kr", "mS/uF", 0.046, "I_Kr conductance at K_o = 5.4 mM", "IKr.GKr_b"),
    scaled("G_Ks", "mS/uF", 0.0034, "I_Ks conductance", "IKs.GKs_b"),
    scaled("G_K1", "mS/uF", 0.1908, "I_K1 conductance at K_o = 1 mM", "IK1.GK1_b"),
    scaled("G_NaCa", "uA/uF", 0.0008, "I_NaCa scale", "INaCa_i.Gncx_b"),
    scaled("P_NaK", "1", 30.0, "I_NaK scale", "INaK.Pnak_b"),
    scaled("G_Kb", "mS/uF", 0.003, "I_Kb conductance", "IKb.GKb_b"),
    scaled("P_Nab", "cm/s", 3.75e-10, "I_Nab permeability", "INab.PNab"),
    scaled("P_Cab", "cm/s", 2.5e-8, "I_Cab permeability", "ICab.PCab"),
    scaled("G_pCa", "A/F", 0.0005, "largest I_pCa", "IpCa.GpCa"),
    scaled("J_up_max", "1", 1.0, "uptake and leak, relative", "SERCA.Jup_b"),
    scaled("J_rel_max", "1", 1.0, "release, relative", "ryr.Jrel_scaling_factor"),
    scaled("cmdn_max", "mM", 0.05, "calmodulin in the cytosol", "intracellular_ions.cmdnmax_b"),
    scaled("scale_NaL", "1", 1.0, "G_NaL of the variant relative to endo", ""),
    scaled("scale_to", "1", 1.0, "G_to of the variant relative to endo", ""),
    scaled("scale_CaL", "1", 1.0, "P_Ca of the variant relative to endo", ""),
    scaled("scale_Kr", "1", 1.0, "G_Kr of the variant relative to endo", ""),
    scaled("scale_Ks", "1", 1.0, "G_Ks of the variant relative to endo", ""),
    scaled("scale_K1", "1", 1.0, "G_K1 of the variant relative to endo", ""),
    scaled("scale_NaCa", "1", 1.0, "G_NaCa of the variant relative to endo", ""),
    scaled("scale_NaK", "1", 1.0, "P_NaK of the variant relative to endo", ""),
    scaled("scale_Kb", "1", 1.0, "G_Kb of the variant relative to endo", ""),
    scaled("scale_up", "1", 1.0, "uptake of the variant relative to endo", ""),
    scaled("scale_cmdn", "1", 1.0, "calmodulin of the variant relative to endo", ""),
    scaled("scale_rel", "1", 1.0, "release of the variant relative to endo", ""),
    var("delta_epi", "1", 0.0, (0.0, 1.0), "by how much I_to inactivates faster at rest", ""),
];
