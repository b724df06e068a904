//! O'Hara–Rudy, CiPA v1, 2017: the human ventricular action potential with a dynamic hERG channel.
//!
//! * Li et al., Circ Arrhythm Electrophysiol 10:e004628 (2017),
//!   [10.1161/CIRCEP.116.004628](https://doi.org/10.1161/CIRCEP.116.004628): the Markov model of
//!   I_Kr and of drugs that bind to it.
//! * Dutta et al., Front Physiol 8:616 (2017),
//!   [10.3389/fphys.2017.00616](https://doi.org/10.3389/fphys.2017.00616): the rescaled conductances.
//! * O'Hara et al., PLoS Comput Biol 7:e1002061 (2011),
//!   [10.1371/journal.pcbi.1002061](https://doi.org/10.1371/journal.pcbi.1002061): all else.
//!
//! Values, initial state and `cellml` names follow the encoding of Chaste/cellml at commit 8c9c042e,
//! `ohara_rudy_cipa_v1_2017.cellml`; states stand in its order. The authors' own code, FDA/CiPA at
//! commit e881df67, `newordherg_qNet.c`, gives the same derivatives to rounding with these
//! conductances, for every variant and with a drug.
//!
//! ```text
//! V' = −(I_Na + I_NaL + I_to + I_CaL + I_CaNa + I_CaK + I_Kr + I_Ks + I_K1 + I_NaCa,i + I_NaCa,ss
//!        + I_NaK + I_Nab + I_Kb + I_pCa + I_Cab + I_stim)
//! I_Kr = G_Kr √(K_o/5.4) O (V − E_K)
//!
//!   IC1 ⇄ IC2 ⇄ IO        k = A e^(BV) q^((37 − 20)/10)
//!    ⇅     ⇅     ⇅         k₅₃ from O to IO, k₆₃ back
//!   C1  ⇄ C2  ⇄ O
//! with a drug: IO ⇄ IObound ⇄ Cbound ⇄ Obound ⇄ O
//!
//! O → Obound, IO → IObound: Kmax Ku Dⁿ/(Dⁿ + halfmax), n = hill
//! Obound → O: Ku                         IObound → IO: Ku k₅₃/k₆₃
//! bound → Cbound (trapped): Kt           Cbound → bound: Kt/(1 + e^(−(V − Vhalf)/6.789))
//! ```
//!
//! Time in ms, V in mV, currents in A/F, concentrations in mM, of the drug in nM. The stimulus has
//! the sign of the ionic currents, a negative one depolarises; it is carried by potassium and part
//! of the balance of `K_i`. Without a drug (`D` = 0) the bound states stay empty. The nine occupancies
//! add up to 1, to the digits of the initial state: no equation changes their sum.
//!
//! Variants `endo`, `epi` and `M` differ in the parameters `scale_…`, by which the conductance of
//! the same name is multiplied, and in `delta_epi`, as in O'Hara et al. The encoding has one initial
//! state; all three begin with it. States have the names of `ohara_rudy_2011`.
//!
//! Deviations from the encoding: `Kt` is 3.5·10⁻⁵/ms, as Li et al. fix it (the encoding has 0;
//! without bound drug the two are the same); `G_Kr` is the encoding's, 1.0127 times that of
//! O'Hara et al. (Dutta et al. print 1.013); the temperature of 37 °C and the rates are constants;
//! the encoding's shift of the inactivation of I_Na, zero there, is left out; at V = 0 the
//! Goldman–Hodgkin–Katz fluxes take their limit.

use ode_solvers::{Over, Scalar};

use super::ohara_rudy_family::{
    Exchanger, F_RT, FARADAY, Inactivation, JSR_PER_NSR, JSR_PER_SS, MYO, NSR_PER_MYO, PR_NA_K, RT_F, SHARE,
    SS, SS_PER_MYO, blend, calcium_mode, camk, free_i, free_jsr, free_ss, i_cal_activation_rate, i_ks,
    i_na_rates, i_nal as sodium_late, i_to, plain, pump, release, uptake, write,
};
use crate::kinetics::{exps, falling, fallings, ghk, linoid, linoid_of_double, relax_at};
use crate::model::exactly;
use crate::variable::{current, gate, scaled, var};
use crate::{Current, IonicModel, PulseTrain, StimulusConvention, Variable, Variant};

/// The human ventricular cell with a dynamic hERG channel: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct OHaraRudyCipa2017;

impl IonicModel for OHaraRudyCipa2017 {
    const NAME: &'static str = "ohara_rudy_cipa_2017";
    const CITATION: &'static str = "Li et al., Circ Arrhythm Electrophysiol 10:e004628 (2017), \
         doi:10.1161/CIRCEP.116.004628; Dutta et al., Front Physiol 8:616 (2017), \
         doi:10.3389/fphys.2017.00616";
    const TIME_UNIT: &'static str = "ms";
    const STIMULUS: StimulusConvention = StimulusConvention {
        unit: "A/F",
        depolarising: -1.0,
        pacing: Some(PulseTrain {
            start: 10.0,
            period: 1000.0,
            duration: 0.5,
            amplitude: -80.0,
            count: None,
        }),
    };
    #[rustfmt::skip] // a table reads by its columns
    const STATES: &'static [Variable] = &[
        var("V", "mV", -88.00190465, (-150.0, 100.0), "membrane potential", "membrane.v"),
        var("CaMK_trap", "1", 0.0125840447, (0.0, 1.0), "CaMKII trapped", "CaMK.CaMKt"),
        var("Na_i", "mM", 7.268004498, (0.1, 100.0), "cytosolic sodium", "intracellular_ions.nai"),
        var("Na_ss", "mM", 7.268089977, (0.1, 100.0), "subspace sodium", "intracellular_ions.nass"),
        var("K_i", "mM", 144.6555918, (1.0, 300.0), "cytosolic potassium", "intracellular_ions.ki"),
        var("K_ss", "mM", 144.6555651, (1.0, 300.0), "subspace potassium", "intracellular_ions.kss"),
        var("Ca_ss", "mM", 8.49e-5, (1e-6, 1.0), "subspace calcium", "intracellular_ions.cass"),
        var("Ca_nsr", "mM", 1.619574538, (0.01, 20.0), "calcium of the network store", "intracellular_ions.cansr"),
        var("Ca_jsr", "mM", 1.571234014, (0.01, 20.0), "calcium of the junctional store", "intracellular_ions.cajsr"),
        var("Ca_i", "mM", 8.6e-5, (1e-6, 0.1), "cytosolic calcium", "intracellular_ions.cai"),
        gate("m", 0.007344121102, "I_Na activation", "INa.m"),
        gate("h_fast", 0.6981071913, "I_Na fast inactivation", "INa.hf"),
        gate("h_slow", 0.6980895801, "I_Na slow inactivation", "INa.hs"),
        gate("j", 0.6979908432, "I_Na recovery", "INa.j"),
        gate("h_CaMK_slow", 0.4549485525, "I_Na slow inactivation, phosphorylated", "INa.hsp"),
        gate("j_CaMK", 0.6979245865, "I_Na recovery, phosphorylated", "INa.jp"),
        gate("m_L", 0.0001882617273, "I_NaL activation", "INaL.mL"),
        gate("h_L", 0.5008548855, "I_NaL inactivation", "INaL.hL"),
        gate("h_L_CaMK", 0.2693065357, "I_NaL inactivation, phosphorylated", "INaL.hLp"),
        gate("a", 0.001001097687, "I_to activation", "Ito.a"),
        gate("i_fast", 0.9995541745, "I_to fast inactivation", "Ito.iF"),
        gate("i_slow", 0.5865061736, "I_to slow inactivation", "Ito.iS"),
        gate("a_CaMK", 0.0005100862934, "I_to activation, phosphorylated", "Ito.ap"),
        gate("i_CaMK_fast", 0.9995541823, "I_to fast inactivation, phosphorylated", "Ito.iFp"),
        gate("i_CaMK_slow", 0.6393399482, "I_to slow inactivation, phosphorylated", "Ito.iSp"),
        gate("d", 2.34e-9, "I_CaL activation", "ICaL.d"),
        gate("f_fast", 0.9999999909, "I_CaL fast inactivation by voltage", "ICaL.ff"),
        gate("f_slow", 0.9102412777, "I_CaL slow inactivation by voltage", "ICaL.fs"),
        gate("f_Ca_fast", 0.9999999909, "I_CaL fast inactivation by calcium", "ICaL.fcaf"),
        gate("f_Ca_slow", 0.9998046777, "I_CaL slow inactivation by calcium", "ICaL.fcas"),
        gate("j_Ca", 0.9999738312, "I_CaL recovery from inactivation by calcium", "ICaL.jca"),
        gate("f_CaMK_fast", 0.9999999909, "I_CaL fast inactivation by voltage, phosphorylated", "ICaL.ffp"),
        gate("f_Ca_CaMK_fast", 0.9999999909, "I_CaL fast inactivation by calcium, phosphorylated", "ICaL.fcafp"),
        gate("n", 0.002749414044, "I_CaL channels in the calcium-dependent mode", "ICaL.nca"),
        var("IC1", "1", 0.999637, SHARE, "I_Kr closed 1, inactivated", "IKr.IC1"),
        var("IC2", "1", 6.83208e-5, SHARE, "I_Kr closed 2, inactivated", "IKr.IC2"),
        var("C1", "1", 1.80145e-8, SHARE, "I_Kr closed 1", "IKr.C1"),
        var("C2", "1", 8.26619e-5, SHARE, "I_Kr closed 2", "IKr.C2"),
        var("O", "1", 0.00015551, SHARE, "I_Kr open", "IKr.O"),
        var("IO", "1", 5.67623e-5, SHARE, "I_Kr open, inactivated", "IKr.IO"),
        var("IObound", "1", 0.0, SHARE, "I_Kr inactivated with drug", "IKr.IObound"),
        var("Obound", "1", 0.0, SHARE, "I_Kr open with drug", "IKr.Obound"),
        var("Cbound", "1", 0.0, SHARE, "I_Kr closed, drug trapped", "IKr.Cbound"),
        gate("x_s1", 0.2707758025, "I_Ks activation 1", "IKs.xs1"),
        gate("x_s2", 0.0001928503426, "I_Ks activation 2", "IKs.xs2"),
        gate("x_k1", 0.9967597594, "I_K1 inactivation", "IK1.xk1"),
        var("J_rel_NP", "mM/ms", 2.5e-7, (-0.1, 10.0), "release, not phosphorylated", "ryr.Jrelnp"),
        var("J_rel_CaMK", "mM/ms", 3.12e-7, (-0.1, 10.0), "release, phosphorylated", "ryr.Jrelp"),
    ];
    #[rustfmt::skip] // a table reads by its columns
    const PARAMETERS: &'static [Variable] = &[
        var("Na_o", "mM", 140.0, (1.0, 300.0), "extracellular sodium", "extracellular.nao"),
        var("K_o", "mM", 5.4, (0.1, 100.0), "extracellular potassium", "extracellular.ko"),
        var("Ca_o", "mM", 1.8, (0.01, 20.0), "extracellular calcium", "extracellular.cao"),
        scaled("G_Na", "mS/uF", 75.0, "fast sodium conductance", "INa.GNa"),
        scaled("G_NaL", "mS/uF", 0.0199575, "late sodium conductance", "INaL.GNaL_b"),
        scaled("G_to", "mS/uF", 0.02, "transient outward conductance", "Ito.Gto_b"),
        scaled("P_Ca", "cm/s", 0.0001007, "permeability of the L-type channel to calcium", "ICaL.PCa_b"),
        scaled("G_Kr", "mS/uF", 0.0465854545454545, "hERG conductance at K_o = 5.4 mM", "IKr.GKr_b"),
        scaled("G_Ks", "mS/uF", 0.006358, "slow delayed rectifier conductance", "IKs.GKs_b"),
        scaled("G_K1", "mS/uF", 0.3239784, "inward rectifier conductance at K_o = 1 mM", "IK1.GK1_b"),
        scaled("G_NaCa", "uA/uF", 0.0008, "sodium-calcium exchange", "INaCa_i.Gncx_b"),
        scaled("P_NaK", "1", 30.0, "sodium-potassium pump", "INaK.Pnak_b"),
        scaled("P_Nab", "cm/s", 3.75e-10, "background permeability to sodium", "INab.PNab"),
        scaled("G_Kb", "mS/uF", 0.003, "background potassium conductance", "IKb.GKb_b"),
        scaled("G_pCa", "A/F", 0.0005, "sarcolemmal calcium pump", "IpCa.GpCa"),
        scaled("P_Cab", "cm/s", 2.5e-8, "background permeability to calcium", "ICab.PCab"),
        scaled("J_rel_max", "1", 1.0, "release from the store", "ryr.Jrel_scaling_factor"),
        scaled("J_up_max", "1", 1.0, "uptake into the store and its leak", "SERCA.Jup_b"),
        scaled("cmdn_max", "mM", 0.05, "calmodulin", "intracellular_ions.cmdnmax_b"),
        scaled("scale_NaL", "1", 1.0, "G_NaL of the variant relative to endo", ""),
        scaled("scale_to", "1", 1.0, "G_to of the variant relative to endo", ""),
        scaled("scale_CaL", "1", 1.0, "P_Ca of the variant relative to endo", ""),
        scaled("scale_Kr", "1", 1.0, "G_Kr of the variant relative to endo", ""),
        scaled("scale_Ks", "1", 1.0, "G_Ks of the variant relative to endo", ""),
        scaled("scale_K1", "1", 1.0, "G_K1 of the variant relative to endo", ""),
        scaled("scale_NaCa", "1", 1.0, "G_NaCa of the variant relative to endo", ""),
        scaled("scale_NaK", "1", 1.0, "P_NaK of the variant relative to endo", ""),
        scaled("scale_Kb", "1", 1.0, "G_Kb of the variant relative to endo", ""),
        scaled("scale_up", "1", 1.0, "uptake of the variant relative to endo", "SERCA.upScale"),
        scaled("scale_cmdn", "1", 1.0, "calmodulin of the variant relative to endo", ""),
        scaled("scale_rel", "1", 1.0, "release of the variant relative to endo", ""),
        var("delta_epi", "1", 0.0, (0.0, 0.95), "how much faster I_to inactivates at rest", ""),
        var("D", "nM", 0.0, (0.0, 1e6), "drug", "IKr.D"),
        var("Kmax", "1", 0.0, (0.0, 1e9), "drug: maximum effect", "IKr.Kmax"),
        var("Ku", "1/ms", 0.0, (0.0, 10.0), "drug: rate of unbinding", "IKr.Ku"),
        var("hill", "1", 1.0, (0.1, 5.0), "drug: Hill coefficient", "IKr.n"),
        var("halfmax", "nM^hill", 1.0, (1e-6, 1e12), "drug: concentration of half the effect, to the power `hill`", "IKr.halfmax"),
        var("Kt", "1/ms", 3.5e-5, (0.0, 1.0), "drug: rate of trapping", "IKr.Kt"),
        var("Vhalf", "mV", 1.0, (-300.0, 100.0), "drug: potential of half the release from the trap", "IKr.Vhalf"),
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_Na", "A/F", "fast sodium current", "G_Na"),
        current("I_NaL", "A/F", "late sodium current", "G_NaL"),
        current("I_to", "A/F", "transient outward potassium current", "G_to"),
        current("I_CaL", "A/F", "L-type channel, calcium", "P_Ca"),
        current("I_CaNa", "A/F", "L-type channel, sodium", "P_Ca"),
        current("I_CaK", "A/F", "L-type channel, potassium", "P_Ca"),
        current("I_Kr", "A/F", "rapid delayed rectifier (hERG)", "G_Kr"),
        current("I_Ks", "A/F", "slow delayed rectifier", "G_Ks"),
        current("I_K1", "A/F", "inward rectifier", "G_K1"),
        current("I_NaCa_i", "A/F", "sodium-calcium exchange, cytosol", "G_NaCa"),
        current("I_NaCa_ss", "A/F", "sodium-calcium exchange, subspace", "G_NaCa"),
        current("I_NaK", "A/F", "sodium-potassium pump", "P_NaK"),
        current("I_Nab", "A/F", "background sodium current", "P_Nab"),
        current("I_Kb", "A/F", "background potassium current", "G_Kb"),
        current("I_pCa", "A/F", "sarcolemmal calcium pump", "G_pCa"),
        current("I_Cab", "A/F", "background calcium current", "P_Cab"),
    ];
    #[rustfmt::skip] // value and factor side by side
    const VARIANTS: &'static [Variant] = &[
        Variant { name: "endo", description: "endocardial cell", parameters: &[], states: &[] },
        Variant {
            name: "epi",
            description: "epicardial cell",
            parameters: &[
                ("scale_NaL", 0.6), ("scale_to", 4.0), ("scale_CaL", 1.2),
                ("scale_Kr", 1.3), ("scale_Ks", 1.4), ("scale_K1", 1.2),
                ("scale_NaCa", 1.1), ("scale_NaK", 0.9), ("scale_Kb", 0.6),
                ("scale_up", 1.3), ("scale_cmdn", 1.3), ("delta_epi", 0.95),
            ],
            states: &[],
        },
        Variant {
            name: "M",
            description: "midmyocardial cell",
            parameters: &[
                ("scale_to", 4.0), ("scale_CaL", 2.5), ("scale_Kr", 0.8),
                ("scale_K1", 1.3), ("scale_NaCa", 1.4), ("scale_NaK", 0.7),
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
        #[rustfmt::skip] // as the table
        let [
            na_o, k_o, ca_o, g_na, g_nal, g_to, p_ca, g_kr, g_ks, g_k1, g_naca, p_nak, p_nab, g_kb, g_pca, p_cab,
            j_rel_max, j_up_max, cmdn_max,
            scale_nal, scale_to, scale_cal, scale_kr, scale_ks, scale_k1, scale_naca, scale_nak, scale_kb,
            scale_up, scale_cmdn, scale_rel, delta_epi,
            drug @ ..
        ] = *exactly::<39, P>(p);
        #[rustfmt::skip] // as the table
        let [
            v, camk_t, na_i, na_ss, k_i, k_ss, ca_ss, ca_nsr, ca_jsr, ca_i,
            m, hf, hs, j, hsp, jp, m_l, h_l, h_lp, a, i_f, i_s, a_p, i_fp, i_sp,
            d, ff, fs, fcaf, fcas, j_ca, ffp, fcafp, n_ca,
            ic1, ic2, c1, c2, o, io, io_bound, o_bound, c_bound,
            xs1, xs2, xk1, j_relnp, j_relp,
        ] = *exactly(y);
        let [g_nal, g_to, p_ca, g_kr] =
            [g_nal * scale_nal, g_to * scale_to, p_ca * scale_cal, g_kr * scale_kr];
        let [g_ks, g_k1, g_naca, p_nak] =
            [g_ks * scale_ks, g_k1 * scale_k1, g_naca * scale_naca, p_nak * scale_nak];
        let [g_kb, cmdn] = [g_kb * scale_kb, cmdn_max * scale_cmdn];
        let vfrt = v * F_RT;
        let e_na = -(na_i / na_o).ln() * RT_F;
        let e_k = -(k_i / k_o).ln() * RT_F;
        let e_ks = -((na_i * PR_NA_K + k_i) / (k_o + na_o * PR_NA_K)).ln() * RT_F;
        let (phi, dcamk_t) = camk(camk_t, ca_ss);

        // Sodium.
        let [m_inf, h_inf, hp_inf] = fallings([-(v + 39.57) / 9.871, (v + 82.9) / 6.086, (v + 89.1) / 6.086]);
        let [m_rate, hf_rate, hs_rate, j_rate] = i_na_rates(v);
        let (m_l_inf, [row_h_l, row_h_lp]) = sodium_late(v, h_l, h_lp);
        let h = hf * 0.99 + hs * 0.01;
        let h_p = hf * 0.99 + hsp * 0.01;
        let i_na = (v - e_na) * (m * m * m) * blend(phi, h * j, h_p * jp) * g_na;
        let i_nal = (v - e_na) * m_l * blend(phi, h_l, h_lp) * g_nal;

        let (open_to, rows_to) = i_to(v, phi, delta_epi, [a, i_f, i_s, a_p, i_fp, i_sp]);
        let i_to = (v - e_k) * open_to * g_to;

        // The L-type channel, and background fluxes of the same form.
        let (x1, lin1) = (vfrt, linoid(vfrt));
        let (x2, lin2) = (x1 * 2.0, linoid_of_double(x1, lin1));
        let inactivation = Inactivation::new(v, [ff, fs, fcaf, fcas, ffp, fcafp]);
        let [row_ff, row_fs, row_fcaf, row_fcas, row_ffp, row_fcafp] = inactivation.rows;
        let conducting = d * inactivation.open(phi, n_ca, j_ca) * p_ca;
        let i_cal = conducting * ghk(x2, lin2, ca_ss, ca_o * 0.341) * (2.0 * FARADAY);
        let i_cana = conducting * ghk(x1, lin1, na_ss, na_o) * (0.00125 * 0.75 * FARADAY);
        let i_cak = conducting * ghk(x1, lin1, k_ss, k_o) * (0.0003574 * 0.75 * FARADAY);
        let i_nab = ghk(x1, lin1, na_i, na_o) * (p_nab * FARADAY);
        let i_cab = ghk(x2, lin2, ca_i, ca_o * 0.341) * (p_cab * (2.0 * FARADAY));

        // Potassium.
        let rows_kr = herg(v, drug, [ic1, ic2, c1, c2, o, io, io_bound, o_bound, c_bound]);
        let [ic1, ic2, c1, c2, d_o, io, io_bound, o_bound, c_bound] = rows_kr.map(plain);
        let i_kr = o * (v - e_k) * (g_kr * (k_o / 5.4).sqrt());
        let (open_ks, [row_xs1, row_xs2]) = i_ks(v, ca_i, xs1, xs2);
        let i_ks = open_ks * (v - e_ks) * g_ks;
        let [r_k1, xk1_inf, kb] = fallings([
            (v + 105.8 - k_o * 2.6) / 9.493,
            -(v + (k_o * 2.5538 + 144.59)) / (k_o * 1.5692 + 3.8115),
            -(v - 14.48) / 18.34,
        ]);
        let [xk1_down, xk1_up] = exps([-(v + 127.2) / 20.36, (v + 236.8) / 69.33]);
        let xk1_rate = (xk1_down + xk1_up) * (1.0 / 122.2);
        let i_k1 = r_k1 * xk1 * (v - e_k) * (g_k1 * k_o.sqrt());
        let i_kb = kb * (v - e_k) * g_kb;

        // Exchanger and pumps.
        let exchanger = Exchanger::new(vfrt, na_o, ca_o);
        let i_naca_i = exchanger.current(na_i, ca_i) * g_naca * 0.8;
        let i_naca_ss = exchanger.current(na_ss, ca_ss) * g_naca * 0.2;
        let i_nak = pump(vfrt, na_i, k_i, na_o, k_o) * p_nak;
        let i_pca = ca_i / (ca_i + 0.0005) * g_pca;

        #[rustfmt::skip] // as the table
        let named = [
            i_na, i_nal, i_to, i_cal, i_cana, i_cak, i_kr, i_ks, i_k1, i_naca_i, i_naca_ss, i_nak, i_nab, i_kb,
            i_pca, i_cab,
        ];
        let mut total = i_stim;
        for (table, i) in Self::CURRENTS.iter().zip(named) {
            current(table.name, i);
            total += i;
        }
        let sodium = i_na + i_nal + i_nab + (i_naca_i + i_nak) * 3.0;
        let potassium = i_to + i_kr + i_ks + i_k1 + i_kb + i_stim - i_nak * 2.0;
        let calcium = i_pca + i_cab - i_naca_i * 2.0;

        // Fluxes.
        let [row_relnp, row_relp] = release(-i_cal * scale_rel, ca_jsr, 1.5, j_relnp, j_relp);
        let j_rel = blend(phi, j_relnp, j_relp) * j_rel_max;
        let j_up = (uptake(phi, ca_i) * (scale_up * 0.004375) - ca_nsr * (0.0039375 / 15.0)) * j_up_max;
        let j_tr = (ca_nsr - ca_jsr) / 100.0;
        let (j_na, j_k, j_ca_diff) = ((na_ss - na_i) / 2.0, (k_ss - k_i) / 2.0, (ca_ss - ca_i) / 0.2);

        let dca_ss =
            (-(i_cal - i_naca_ss * 2.0) * (SS / 2.0) + j_rel * JSR_PER_SS - j_ca_diff) * free_ss(ca_ss);
        let dca_i =
            (-calcium * (MYO / 2.0) - j_up * NSR_PER_MYO + j_ca_diff * SS_PER_MYO) * free_i(ca_i, cmdn);
        let [row_a, row_i_f, row_i_s, row_a_p, row_i_fp, row_i_sp] = rows_to;
        let rows = [
            plain(-total),
            plain(dcamk_t),
            plain(-sodium * MYO + j_na * SS_PER_MYO),
            plain(-(i_cana + i_naca_ss * 3.0) * SS - j_na),
            plain(-potassium * MYO + j_k * SS_PER_MYO),
            plain(-i_cak * SS - j_k),
            plain(dca_ss),
            plain(j_up - j_tr * JSR_PER_NSR),
            plain((j_tr - j_rel) * free_jsr(ca_jsr)),
            plain(dca_i),
            relax_at(m, m_inf, m_rate),
            relax_at(hf, h_inf, hf_rate),
            relax_at(hs, h_inf, hs_rate),
            relax_at(j, h_inf, j_rate),
            relax_at(hsp, hp_inf, hs_rate * (1.0 / 3.0)),
            relax_at(jp, h_inf, j_rate * (1.0 / 1.46)),
            relax_at(m_l, m_l_inf, m_rate),
            row_h_l,
            row_h_lp,
            row_a,
            row_i_f,
            row_i_s,
            row_a_p,
            row_i_fp,
            row_i_sp,
            relax_at(d, falling(-(v + 3.94) / 4.23), i_cal_activation_rate(v)),
            row_ff,
            row_fs,
            row_fcaf,
            row_fcas,
            relax_at(j_ca, inactivation.inf, T::from(1.0 / 75.0)),
            row_ffp,
            row_fcafp,
            calcium_mode(n_ca, j_ca, ca_ss, 1000.0),
            ic1,
            ic2,
            c1,
            c2,
            d_o,
            io,
            io_bound,
            o_bound,
            c_bound,
            row_xs1,
            row_xs2,
            relax_at(xk1, xk1_inf, xk1_rate),
            row_relnp,
            row_relp,
        ];
        write(rows, dy, b);
    }
}

/// A e^(BV) q^1.7: rates at 37 °C of transitions measured at 20 °C.
#[inline(always)]
fn rates<const N: usize, T: Scalar>(v: T, transitions: [(f64, f64, f64); N]) -> [T; N] {
    let mut rates = [v; N];
    for (rate, (_, b, _)) in rates.iter_mut().zip(transitions) {
        *rate *= T::from(b);
    }
    let mut rates = exps(rates);
    for (rate, (a, _, q)) in rates.iter_mut().zip(transitions) {
        *rate *= T::from(a * q.powf(1.7));
    }
    rates
}

/// Derivatives of the occupancies IC1, IC2, C1, C2, O, IO, IObound, Obound, Cbound (Li et al.,
/// Figure 1 and supplement), with the parameters D, Kmax, Ku, hill, halfmax, Kt, Vhalf.
#[inline(always)]
fn herg<P: Scalar, T: Scalar + Over<P>>(
    v: T,
    [d, kmax, ku, hill, halfmax, kt, vhalf]: [P; 7],
    [ic1, ic2, c1, c2, o, io, io_bound, o_bound, c_bound]: [T; 9],
) -> [T; 9] {
    // There and back for each pair of states, in the order of the fluxes below.
    let [k11, k12, k21, k22, k31, k32, k41, k42, k51, k52, k61, k62, k53, k63] = rates(
        v,
        [
            (0.0264, 4.631e-5, 4.843),
            (4.986e-6, -0.004226, 4.23),
            (0.0007868, 1.535e-8, 4.942),
            (5.455e-6, -0.1688, 4.156),
            (0.005509, 7.771e-9, 4.22),
            (0.001416, -0.02877, 1.459),
            (0.001214, 0.008516, 4.962),
            (1.854e-5, -0.04641, 3.769),
            (0.4492, 0.008595, 5.0),
            (0.01241, 0.1725, 5.568),
            (0.3181, 3.613e-8, 4.663),
            (0.3226, -0.0006575, 5.0),
            (0.149, 0.004668, 2.412),
            (0.008978, -0.02215, 5.682),
        ],
    );
    // Net flux of each transition.
    let c1_c2 = k11 * c1 - k12 * c2;
    let ic1_ic2 = k21 * ic1 - k22 * ic2;
    let c2_o = k31 * c2 - k32 * o;
    let ic2_io = k41 * ic2 - k42 * io;
    let c1_ic1 = k51 * c1 - k52 * ic1;
    let c2_ic2 = k61 * c2 - k62 * ic2;
    let o_io = k53 * o - k63 * io;

    // Dⁿ, zero without a drug: there the logarithm would have no derivative.
    let least = P::from(1e-30);
    let dose = (P::select_lt(d, least, P::from(1.0), d).ln() * hill).exp();
    let dose = P::select_lt(d, least, P::from(0.0), dose);
    let binding = kmax * ku * (dose / (dose + halfmax));
    let untrapping = falling(-(v - vhalf) / 6.789) * kt;
    let o_bind = o * binding - o_bound * ku;
    let io_bind = io * binding - k53 / k63 * io_bound * ku;
    let o_trap = o_bound * kt - untrapping * c_bound;
    let io_trap = io_bound * kt - untrapping * c_bound;

    [
        c1_ic1 - ic1_ic2,
        ic1_ic2 - ic2_io + c2_ic2,
        -c1_c2 - c1_ic1,
        c1_c2 - c2_o - c2_ic2,
        c2_o - o_io - o_bind,
        ic2_io + o_io - io_bind,
        io_bind - io_trap,
        o_bind - o_trap,
        o_trap + io_trap,
    ]
}
