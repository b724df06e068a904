//! ToR-ORd with dynamic chloride, 2020: the human ventricular action potential.
//!
//! Tomek et al., eLife 8:e48890 (2019), [10.7554/eLife.48890](https://doi.org/10.7554/eLife.48890),
//! methods and appendix 1; chloride became a state in the authors' code of 2020. It stands on O'Hara
//! et al., PLoS Comput Biol 7:e1002061 (2011),
//! [10.1371/journal.pcbi.1002061](https://doi.org/10.1371/journal.pcbi.1002061).
//!
//! Values, initial states and `cellml` names follow the authors' encodings, jtmff/torord at commit
//! 11e463da, `ToRORd_dynCl_{endo,epi,mid}.cellml`; states stand in their order.
//!
//! ```text
//! V' = −(I_Na + I_NaL + I_to + I_CaL + I_CaNa + I_CaK + I_Kr + I_Ks + I_K1 + I_NaCa,i + I_NaCa,ss
//!        + I_NaK + I_Nab + I_Kb + I_pCa + I_Cab + I_ClCa + I_Clb + I_stim)
//!
//! What differs from O'Hara–Rudy:
//! I_Na    G_Na m³ ((1 − φ) h j + φ hp jp) (V − E_Na), gates after Grandi et al. 2010
//! I_CaL   80 % in the subspace, 20 % in the cytosol; activation 1.0763 e^(−1.007 e^(−0.0829 V)), 1
//!         above 31.4978 mV; activity coefficients from the ionic strength I (M), after Davies:
//!         ln γ = −A z² (√I/(1 + √I) − 0.3 I), A = 1.82·10⁶ (74·310)^(−3/2)
//! I_Kr    G_Kr √(K_o/5) O (V − E_K), the Markov chain of Lu et al. 2001:
//!         C3 ⇄ C2 ⇄ C1 ⇄ O ⇄ I, C1 ⇄ I
//! I_K1    after Carro et al. 2011
//! I_ClCa  G_ClCa (V − E_Cl,ss)/(1 + 0.1/Ca_ss)      I_Clb  G_Clb (V − E_Cl)
//! ```
//!
//! φ is the fraction phosphorylated by CaMKII. Time in ms, V in mV, currents in A/F, concentrations
//! in mM. The stimulus has the sign of the ionic currents, a negative one depolarises; it is carried
//! by potassium and part of the balance of `K_i`. The five occupancies of I_Kr add up to 1, to
//! the digits of the initial state: no equation changes their sum.
//!
//! As published, the rates of h and j jump at V = −40 mV and the activation of I_CaL at 31.4978 mV
//! (from 0.99956 to 1).
//!
//! Variants `endo`, `epi` and `M` (the encoding's `mid`) differ in the parameters `scale_…`, by which
//! the conductance of the same name is multiplied, in `delta_epi`, and in their initial states. Some
//! gates and fluxes start below zero by rounding (above −10⁻¹⁹), as in the encodings. States have the
//! names of `ohara_rudy_2011`.
//!
//! Deviations from the encodings: at V = 31.4978 mV exactly, the activation of I_CaL is that of
//! below; at V = 0, where they divide 0 by 0, the Goldman–Hodgkin–Katz fluxes take their limit; shifts
//! that are zero there (`vShift`, `offset`, `EKshift`) are left out, and so is the ATP-sensitive
//! current, which is closed there and not in the authors' MATLAB code.

use ode_solvers::{Over, Scalar};

use super::ohara_rudy_family::{
    Exchanger, F_RT, FARADAY, Inactivation, JSR_PER_NSR, JSR_PER_SS, MYO, NSR_PER_MYO, PR_NA_K, RT_F, SHARE,
    SS, SS_PER_MYO, blend, calcium_mode, camk, free_i, free_jsr, free_ss, i_cal_activation_rate, i_ks,
    i_nal as sodium_late, i_to, plain, pump, release, uptake, write,
};
use crate::kinetics::{below, exp, exps, fallings, ghk, linoid, linoid_of_double, relax_at};
use crate::model::exactly;
use crate::variable::{current, gate, scaled, var};
use crate::{Current, IonicModel, PulseTrain, StimulusConvention, Variable, Variant};

/// The human ventricular cell with dynamic chloride: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct ToROrd2020;

impl IonicModel for ToROrd2020 {
    const NAME: &'static str = "tor_ord_2020";
    const CITATION: &'static str = "Tomek et al., eLife 8:e48890 (2019), doi:10.7554/eLife.48890, with the \
         authors' dynamic chloride of 2020";
    const TIME_UNIT: &'static str = "ms";
    const STIMULUS: StimulusConvention = StimulusConvention {
        unit: "A/F",
        depolarising: -1.0,
        pacing: Some(PulseTrain { start: 0.0, period: 1000.0, duration: 1.0, amplitude: -53.0, count: None }),
    };
    #[rustfmt::skip] // a table reads by its columns
    const STATES: &'static [Variable] = &[
        var("V", "mV", -89.74808, (-150.0, 100.0), "membrane potential", "membrane.v"),
        var("CaMK_trap", "1", 0.01095026, (0.0, 1.0), "CaMKII trapped", "CaMK.CaMKt"),
        var("Na_i", "mM", 12.39736, (0.1, 100.0), "cytosolic sodium", "intracellular_ions.nai"),
        var("Na_ss", "mM", 12.3977, (0.1, 100.0), "subspace sodium", "intracellular_ions.nass"),
        var("K_i", "mM", 147.7115, (1.0, 300.0), "cytosolic potassium", "intracellular_ions.ki"),
        var("K_ss", "mM", 147.7114, (1.0, 300.0), "subspace potassium", "intracellular_ions.kss"),
        var("Ca_ss", "mM", 6.497341e-5, (1e-6, 1.0), "subspace calcium", "intracellular_ions.cass"),
        var("Ca_nsr", "mM", 1.528001, (0.01, 20.0), "calcium of the network store", "intracellular_ions.cansr"),
        var("Ca_jsr", "mM", 1.525693, (0.01, 20.0), "calcium of the junctional store", "intracellular_ions.cajsr"),
        var("Ca_i", "mM", 7.453481e-5, (1e-6, 0.1), "cytosolic calcium", "intracellular_ions.cai"),
        var("Cl_i", "mM", 29.20698, (0.1, 300.0), "cytosolic chloride", "intracellular_ions.cli"),
        var("Cl_ss", "mM", 29.20696, (0.1, 300.0), "subspace chloride", "intracellular_ions.clss"),
        gate("m", 0.0006517154, "I_Na activation", "INa.m"),
        gate("h", 0.8473267, "I_Na inactivation", "INa.h"),
        gate("j", 0.8471657, "I_Na recovery", "INa.j"),
        gate("h_CaMK", 0.7018454, "I_Na inactivation, phosphorylated", "INa.hp"),
        gate("j_CaMK", 0.8469014, "I_Na recovery, phosphorylated", "INa.jp"),
        gate("m_L", 0.0001351203, "I_NaL activation", "INaL.mL"),
        gate("h_L", 0.5566017, "I_NaL inactivation", "INaL.hL"),
        gate("h_L_CaMK", 0.3115491, "I_NaL inactivation, phosphorylated", "INaL.hLp"),
        gate("a", 0.0008899259, "I_to activation", "Ito.a"),
        gate("i_fast", 0.9996716, "I_to fast inactivation", "Ito.iF"),
        gate("i_slow", 0.5988908, "I_to slow inactivation", "Ito.iS"),
        gate("a_CaMK", 0.0004534165, "I_to activation, phosphorylated", "Ito.ap"),
        gate("i_CaMK_fast", 0.9996716, "I_to fast inactivation, phosphorylated", "Ito.iFp"),
        gate("i_CaMK_slow", 0.6620692, "I_to slow inactivation, phosphorylated", "Ito.iSp"),
        var("d", "1", 1.588841e-31, SHARE, "I_CaL activation", "ICaL.d"),
        gate("f_fast", 1.0, "I_CaL fast inactivation by voltage", "ICaL.ff"),
        gate("f_slow", 0.9401791, "I_CaL slow inactivation by voltage", "ICaL.fs"),
        gate("f_Ca_fast", 1.0, "I_CaL fast inactivation by calcium", "ICaL.fcaf"),
        gate("f_Ca_slow", 0.9999014, "I_CaL slow inactivation by calcium", "ICaL.fcas"),
        gate("j_Ca", 0.9999846, "I_CaL recovery from inactivation by calcium", "ICaL.jca"),
        gate("f_CaMK_fast", 1.0, "I_CaL fast inactivation by voltage, phosphorylated", "ICaL.ffp"),
        gate("f_Ca_CaMK_fast", 1.0, "I_CaL fast inactivation by calcium, phosphorylated", "ICaL.fcafp"),
        gate("n_ss", 0.0004899378, "I_CaL, subspace: channels in the calcium-dependent mode", "ICaL.nca_ss"),
        gate("n_i", 0.0008326009, "I_CaL, cytosol: channels in the calcium-dependent mode", "ICaL.nca_i"),
        var("C1", "1", 0.9982511, SHARE, "I_Kr closed, next to open", "IKr.C1"),
        var("C2", "1", 0.000793602, SHARE, "I_Kr closed, between", "IKr.C2"),
        var("C3", "1", 0.0006532143, SHARE, "I_Kr closed, last", "IKr.C3"),
        var("I", "1", 9.804083e-6, SHARE, "I_Kr inactivated", "IKr.I"),
        var("O", "1", 0.0002922449, SHARE, "I_Kr open", "IKr.O"),
        gate("x_s1", 0.243959, "I_Ks activation 1", "IKs.xs1"),
        gate("x_s2", 0.0001586167, "I_Ks activation 2", "IKs.xs2"),
        var("J_rel_NP", "mM/ms", 1.808248e-22, (-0.1, 10.0), "release, not phosphorylated", "ryr.Jrel_np"),
        var("J_rel_CaMK", "mM/ms", 4.358608e-21, (-0.1, 10.0), "release, phosphorylated", "ryr.Jrel_p"),
    ];
    #[rustfmt::skip] // a table reads by its columns
    const PARAMETERS: &'static [Variable] = &[
        var("Na_o", "mM", 140.0, (1.0, 300.0), "extracellular sodium", "extracellular.nao"),
        var("K_o", "mM", 5.0, (0.1, 100.0), "extracellular potassium", "extracellular.ko"),
        var("Ca_o", "mM", 1.8, (0.01, 20.0), "extracellular calcium", "extracellular.cao"),
        var("Cl_o", "mM", 150.0, (1.0, 300.0), "extracellular chloride", "extracellular.clo"),
        scaled("G_Na", "mS/uF", 11.7802, "fast sodium conductance", "INa.GNa"),
        scaled("G_NaL", "mS/uF", 0.0279, "late sodium conductance", "INaL.GNaL_b"),
        scaled("G_to", "mS/uF", 0.16, "transient outward conductance", "Ito.Gto_b"),
        scaled("P_Ca", "cm/s", 8.3757e-5, "permeability of the L-type channel to calcium", "ICaL.PCa_b"),
        var("CaL_fraction_ss", "1", 0.8, (0.0, 1.0), "part of the L-type channels in the subspace", "ICaL.ICaL_fractionSS"),
        scaled("G_Kr", "mS/uF", 0.0321, "rapid delayed rectifier conductance at K_o = 5 mM", "IKr.GKr_b"),
        scaled("G_Ks", "mS/uF", 0.0011, "slow delayed rectifier conductance", "IKs.GKs_b"),
        scaled("G_K1", "mS/uF", 0.6992, "inward rectifier conductance at K_o = 5 mM", "IK1.GK1_b"),
        scaled("G_NaCa", "uA/uF", 0.0034, "sodium-calcium exchange", "INaCa.Gncx_b"),
        var("NaCa_fraction_ss", "1", 0.35, (0.0, 1.0), "part of the exchangers in the subspace", "INaCa.INaCa_fractionSS"),
        scaled("P_NaK", "1", 15.4509, "sodium-potassium pump", "INaK.Pnak_b"),
        scaled("P_Nab", "cm/s", 1.9239e-9, "background permeability to sodium", "INab.PNab"),
        scaled("G_Kb", "mS/uF", 0.0189, "background potassium conductance", "IKb.GKb_b"),
        scaled("G_pCa", "A/F", 0.0005, "sarcolemmal calcium pump", "IpCa.GpCa"),
        scaled("P_Cab", "cm/s", 5.9194e-8, "background permeability to calcium", "ICab.PCab"),
        scaled("G_ClCa", "mS/uF", 0.2843, "calcium-activated chloride conductance", "ICl.GClCa"),
        var("ClCa_fraction_ss", "1", 1.0, (0.0, 1.0), "part of the calcium-activated chloride channels in the subspace", "ICl.Fjunc"),
        scaled("G_Clb", "mS/uF", 0.00198, "background chloride conductance", "ICl.GClb"),
        scaled("J_rel_max", "1", 1.5378, "release from the store", "ryr.Jrel_b"),
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
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_Na", "A/F", "fast sodium current", "G_Na"),
        current("I_NaL", "A/F", "late sodium current", "G_NaL"),
        current("I_to", "A/F", "transient outward potassium current", "G_to"),
        current("I_CaL", "A/F", "L-type channel, calcium", "P_Ca"),
        current("I_CaNa", "A/F", "L-type channel, sodium", "P_Ca"),
        current("I_CaK", "A/F", "L-type channel, potassium", "P_Ca"),
        current("I_Kr", "A/F", "rapid delayed rectifier", "G_Kr"),
        current("I_Ks", "A/F", "slow delayed rectifier", "G_Ks"),
        current("I_K1", "A/F", "inward rectifier", "G_K1"),
        current("I_NaCa_i", "A/F", "sodium-calcium exchange, cytosol", "G_NaCa"),
        current("I_NaCa_ss", "A/F", "sodium-calcium exchange, subspace", "G_NaCa"),
        current("I_NaK", "A/F", "sodium-potassium pump", "P_NaK"),
        current("I_Nab", "A/F", "background sodium current", "P_Nab"),
        current("I_Kb", "A/F", "background potassium current", "G_Kb"),
        current("I_pCa", "A/F", "sarcolemmal calcium pump", "G_pCa"),
        current("I_Cab", "A/F", "background calcium current", "P_Cab"),
        current("I_ClCa", "A/F", "calcium-activated chloride current", "G_ClCa"),
        current("I_Clb", "A/F", "background chloride current", "G_Clb"),
    ];
    #[rustfmt::skip] // values of one part side by side
    const VARIANTS: &'static [Variant] = &[
        Variant { name: "endo", description: "endocardial cell", parameters: &[], states: &[] },
        Variant {
            name: "epi",
            description: "epicardial cell",
            parameters: &[
                ("scale_NaL", 0.6), ("scale_to", 2.0), ("scale_CaL", 1.2), ("scale_Kr", 1.3),
                ("scale_Ks", 1.4), ("scale_K1", 1.2), ("scale_NaCa", 1.1),
                ("scale_NaK", 0.9), ("scale_Kb", 0.6), ("scale_up", 1.3), ("scale_cmdn", 1.3),
                ("delta_epi", 0.95),
            ],
            states: &[
                ("V", -90.74563), ("CaMK_trap", 0.01273541), ("Na_i", 13.40062), ("Na_ss", 13.40094),
                ("K_i", 152.3639), ("K_ss", 152.3638), ("Ca_ss", 5.749921e-5), ("Ca_nsr", 1.806794),
                ("Ca_jsr", 1.805047), ("Ca_i", 6.621816e-5), ("Cl_i", 34.31721), ("Cl_ss", 34.31719),
                ("m", 0.0005253231), ("h", 0.8645148), ("j", 0.8644571), ("h_CaMK", 0.7313656),
                ("j_CaMK", 0.8643527), ("m_L", 0.0001117969), ("h_L", 0.5916536), ("h_L_CaMK", 0.3476812),
                ("a", 0.0008320408), ("i_fast", 0.9997242), ("i_slow", 0.9997235), ("a_CaMK", 0.0004239121),
                ("i_CaMK_fast", 0.9997242), ("i_CaMK_slow", 0.9997241), ("d", -2.486527e-36), ("f_slow", 0.9510602),
                ("f_Ca_slow", 0.9999377), ("j_Ca", 0.9999886),
                ("n_ss", 0.0003049523), ("n_i", 0.0005272668), ("C1", 0.9984733), ("C2", 0.0007393045),
                ("C3", 0.0006029079), ("I", 5.678255e-6), ("O", 0.0001787783), ("x_s1", 0.2233584),
                ("x_s2", 0.0001418247), ("J_rel_NP", 6.778827e-25), ("J_rel_CaMK", -1.581941e-23),
            ],
        },
        Variant {
            name: "M",
            description: "midmyocardial cell",
            parameters: &[
                ("scale_to", 2.0), ("scale_CaL", 2.0), ("scale_Kr", 0.8), ("scale_K1", 1.3),
                ("scale_NaCa", 1.4), ("scale_NaK", 0.7), ("scale_rel", 1.7),
            ],
            states: &[
                ("V", -91.33918), ("CaMK_trap", 0.0201882), ("Na_i", 15.94867), ("Na_ss", 15.94922),
                ("K_i", 156.7131), ("K_ss", 156.713), ("Ca_ss", 6.642187e-5), ("Ca_nsr", 2.012225),
                ("Ca_jsr", 2.016415), ("Ca_i", 8.297576e-5), ("Cl_i", 48.91277), ("Cl_ss", 48.91274),
                ("m", 0.0004619565), ("h", 0.8739077), ("j", 0.8737841), ("h_CaMK", 0.7478972),
                ("j_CaMK", 0.8735375), ("m_L", 9.987709e-5), ("h_L", 0.5986118), ("h_L_CaMK", 0.3339899),
                ("a", 0.0007994042), ("i_fast", 0.9997514), ("i_slow", 0.5702538), ("a_CaMK", 0.0004072777),
                ("i_CaMK_fast", 0.9997514), ("i_CaMK_slow", 0.6351927), ("d", -8.334604e-30), ("f_slow", 0.9183587),
                ("f_Ca_slow", 0.999754), ("j_Ca", 0.9999743),
                ("n_ss", 0.000533652), ("n_i", 0.001257861), ("C1", 0.9983451), ("C2", 0.000708646),
                ("C3", 0.0005910047), ("I", 1.06423e-5), ("O", 0.0003445733), ("x_s1", 0.2642293),
                ("x_s2", 0.0001327348), ("J_rel_NP", -1.300486e-21), ("J_rel_CaMK", -7.610714e-20),
            ],
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
            na_o, k_o, ca_o, cl_o, g_na, g_nal, g_to, p_ca, cal_ss, g_kr, g_ks, g_k1, g_naca, naca_ss, p_nak, p_nab,
            g_kb, g_pca, p_cab, g_clca, clca_ss, g_clb, j_rel_max, j_up_max, cmdn_max,
            scale_nal, scale_to, scale_cal, scale_kr, scale_ks, scale_k1, scale_naca, scale_nak, scale_kb,
            scale_up, scale_cmdn, scale_rel, delta_epi,
        ] = *exactly(p);
        #[rustfmt::skip] // as the table
        let [
            v, camk_t, na_i, na_ss, k_i, k_ss, ca_ss, ca_nsr, ca_jsr, ca_i, cl_i, cl_ss,
            m, h, j, hp, jp, m_l, h_l, h_lp, a, i_f, i_s, a_p, i_fp, i_sp,
            d, ff, fs, fcaf, fcas, j_ca, ffp, fcafp, n_ss, n_i,
            c1, c2, c3, i, o, xs1, xs2, j_relnp, j_relp,
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
        let e_cl = (cl_i / cl_o).ln() * RT_F;
        let e_cl_ss = (cl_ss / cl_o).ln() * RT_F;
        let (phi, dcamk_t) = camk(camk_t, ca_ss);

        // Sodium.
        let na = SodiumGates::new(v);
        let i_na = (v - e_na) * (m * m * m) * blend(phi, h * j, hp * jp) * g_na;
        let i_nal = (v - e_na) * m_l * blend(phi, h_l, h_lp) * g_nal;
        let (m_l_inf, [row_h_l, row_h_lp]) = sodium_late(v, h_l, h_lp);

        let (open_to, rows_to) = i_to(v, phi, delta_epi, [a, i_f, i_s, a_p, i_fp, i_sp]);
        let i_to = (v - e_k) * open_to * g_to;

        // The L-type channel in both compartments, and background fluxes of the same form.
        let (x1, lin1) = (vfrt, linoid(vfrt));
        let (x2, lin2) = (x1 * 2.0, linoid_of_double(x1, lin1));
        let inactivation = Inactivation::new(v, [ff, fs, fcaf, fcas, ffp, fcafp]);
        let [row_ff, row_fs, row_fcaf, row_fcas, row_ffp, row_fcafp] = inactivation.rows;
        let d_inf = exp(exp(v * -0.0829) * -1.007) * 1.0763;
        let d_inf = T::select_lt(T::from(31.4978), v, T::from(1.0), d_inf);
        let out = activity(ionic_strength(na_o, k_o, cl_o, ca_o));
        let [na_out, k_out, ca_out] = [na_o * out, k_o * out, ca_o * out.powi(4)];
        let within = activity(ionic_strength(na_i, k_i, cl_i, ca_i));
        let near = activity(ionic_strength(na_ss, k_ss, cl_ss, ca_ss));
        let [i_cal_ss, i_cana_ss, i_cak_ss, i_cal_i, i_cana_i, i_cak_i] = {
            let open_ss = d * inactivation.open(phi, n_ss, j_ca) * (p_ca * cal_ss);
            let open_i = d * inactivation.open(phi, n_i, j_ca) * (p_ca * (-cal_ss + 1.0));
            [
                open_ss * ghk(x2, lin2, near.powi(4) * ca_ss, ca_out) * (2.0 * FARADAY),
                open_ss * ghk(x1, lin1, near * na_ss, na_out) * (0.00125 * FARADAY),
                open_ss * ghk(x1, lin1, near * k_ss, k_out) * (0.0003574 * FARADAY),
                open_i * ghk(x2, lin2, within.powi(4) * ca_i, ca_out) * (2.0 * FARADAY),
                open_i * ghk(x1, lin1, within * na_i, na_out) * (0.00125 * FARADAY),
                open_i * ghk(x1, lin1, within * k_i, k_out) * (0.0003574 * FARADAY),
            ]
        };
        let (i_cal, i_cana, i_cak) = (i_cal_ss + i_cal_i, i_cana_ss + i_cana_i, i_cak_ss + i_cak_i);
        let i_nab = ghk(x1, lin1, na_i, na_o) * (p_nab * FARADAY);
        let i_cab = ghk(x2, lin2, within.powi(4) * ca_i, ca_out) * (p_cab * (2.0 * FARADAY));

        // Potassium.
        let root_k_o = (k_o / 5.0).sqrt();
        let u = v - e_k;
        let i_kr = o * u * (g_kr * root_k_o);
        let [dc1, dc2, dc3, di, d_o] = herg(vfrt, [c1, c2, c3, i, o]);
        let (open_ks, [row_xs1, row_xs2]) = i_ks(v, ca_i, xs1, xs2);
        let i_ks = open_ks * (v - e_ks) * g_ks;
        let [k1_opens, k1_closes, kb, j_ca_inf] = fallings([
            (u - 49.934) * 0.1217,
            (u + 14.207) * -0.1629,
            -(v - 10.8968) / 23.9871,
            (v + 18.08) / 2.7916,
        ]);
        let [k1_slow, k1_fast] = exps([(u - 3.257) * 0.0674, (u - 594.31) * 0.0618]);
        let alpha_k1 = k1_opens * 4.094;
        let beta_k1 = (k1_slow * 15.72 + k1_fast) * k1_closes;
        let i_k1 = alpha_k1 / (alpha_k1 + beta_k1) * u * (g_k1 * root_k_o);
        let i_kb = kb * u * g_kb;

        // Exchanger and pumps.
        let exchanger = Exchanger::new(vfrt, na_o, ca_o);
        let i_naca_i = exchanger.current(na_i, ca_i) * (g_naca * (-naca_ss + 1.0));
        let i_naca_ss = exchanger.current(na_ss, ca_ss) * (g_naca * naca_ss);
        let i_nak = pump(vfrt, na_i, k_i, na_o, k_o) * p_nak;
        let i_pca = ca_i / (ca_i + 0.0005) * g_pca;

        // Chloride.
        let i_clca_ss = ca_ss / (ca_ss + 0.1) * (v - e_cl_ss) * (g_clca * clca_ss);
        let i_clca_i = ca_i / (ca_i + 0.1) * (v - e_cl) * (g_clca * (-clca_ss + 1.0));
        let i_clb = (v - e_cl) * g_clb;

        #[rustfmt::skip] // as the table
        let named = [
            i_na, i_nal, i_to, i_cal, i_cana, i_cak, i_kr, i_ks, i_k1, i_naca_i, i_naca_ss, i_nak, i_nab, i_kb,
            i_pca, i_cab, i_clca_ss + i_clca_i, i_clb,
        ];
        let mut total = i_stim;
        for (table, i) in Self::CURRENTS.iter().zip(named) {
            current(table.name, i);
            total += i;
        }
        let sodium = i_na + i_nal + i_nab + i_cana_i + (i_naca_i + i_nak) * 3.0;
        let potassium = i_to + i_kr + i_ks + i_k1 + i_kb + i_cak_i + i_stim - i_nak * 2.0;
        let calcium = i_cal_i + i_pca + i_cab - i_naca_i * 2.0;

        // Fluxes.
        let [row_relnp, row_relp] = release(-i_cal_ss * scale_rel, ca_jsr, 1.7, j_relnp, j_relp);
        let j_rel = blend(phi, j_relnp, j_relp) * j_rel_max;
        let j_up = (uptake(phi, ca_i) * (scale_up * 0.005425) - ca_nsr * (0.0048825 / 15.0)) * j_up_max;
        let j_tr = (ca_nsr - ca_jsr) / 60.0;
        let (j_na, j_k, j_cl) = ((na_ss - na_i) / 2.0, (k_ss - k_i) / 2.0, (cl_ss - cl_i) / 2.0);
        let j_ca_ss = (ca_ss - ca_i) / 0.2;

        let dca_ss =
            (-(i_cal_ss - i_naca_ss * 2.0) * (SS / 2.0) + j_rel * JSR_PER_SS - j_ca_ss) * free_ss(ca_ss);
        let dca_i = (-calcium * (MYO / 2.0) - j_up * NSR_PER_MYO + j_ca_ss * SS_PER_MYO) * free_i(ca_i, cmdn);
        let [row_a, row_i_f, row_i_s, row_a_p, row_i_fp, row_i_sp] = rows_to;
        let rows = [
            plain(-total),
            plain(dcamk_t),
            plain(-sodium * MYO + j_na * SS_PER_MYO),
            plain(-(i_cana_ss + i_naca_ss * 3.0) * SS - j_na),
            plain(-potassium * MYO + j_k * SS_PER_MYO),
            plain(-i_cak_ss * SS - j_k),
            plain(dca_ss),
            plain(j_up - j_tr * JSR_PER_NSR),
            plain((j_tr - j_rel) * free_jsr(ca_jsr)),
            plain(dca_i),
            plain((i_clb + i_clca_i) * MYO + j_cl * SS_PER_MYO),
            plain(i_clca_ss * SS - j_cl),
            relax_at(m, na.m_inf, na.m_rate),
            relax_at(h, na.h_inf, na.h_rate),
            relax_at(j, na.h_inf, na.j_rate),
            relax_at(hp, na.hp_inf, na.h_rate),
            relax_at(jp, na.h_inf, na.j_rate * (1.0 / 1.46)),
            relax_at(m_l, m_l_inf, na.m_rate),
            row_h_l,
            row_h_lp,
            row_a,
            row_i_f,
            row_i_s,
            row_a_p,
            row_i_fp,
            row_i_sp,
            relax_at(d, d_inf, i_cal_activation_rate(v)),
            row_ff,
            row_fs,
            row_fcaf,
            row_fcas,
            relax_at(j_ca, j_ca_inf, T::from(1.0 / 72.5)),
            row_ffp,
            row_fcafp,
            calcium_mode(n_ss, j_ca, ca_ss, 500.0),
            calcium_mode(n_i, j_ca, ca_i, 500.0),
            plain(dc1),
            plain(dc2),
            plain(dc3),
            plain(di),
            plain(d_o),
            row_xs1,
            row_xs2,
            row_relnp,
            row_relp,
        ];
        write(rows, dy, b);
    }
}

/// Steady states and rates of I_Na.
struct SodiumGates<T> {
    m_inf: T,
    m_rate: T,
    h_inf: T,
    hp_inf: T,
    h_rate: T,
    j_rate: T,
}

impl<T: Scalar> SodiumGates<T> {
    #[inline(always)]
    fn new(v: T) -> Self {
        let zero = T::from(0.0);
        let [
            h_opens,
            h_closes_fast,
            h_closes,
            j_opens_fast,
            j_opens,
            j_closes,
            j_closes_above,
            m_left,
            m_right,
        ] = exps([
            -(v + 80.0) / 6.8,
            v * 0.079,
            v * 0.3485,
            v * 0.2444,
            v * -0.04391,
            v * -0.01052,
            v * 0.057,
            bell(v, -45.79, 15.54),
            bell(v, 4.823, 51.12),
        ]);
        let [h_above, j_above, j_below, j_least, m_root, h_root, hp_root] = fallings([
            -(v + 10.66) / 11.1,
            (v + 32.0) * -0.1,
            (v + 40.14) * -0.1378,
            (v + 79.23) * 0.311,
            -(v + 56.86) / 9.03,
            (v + 71.55) / 7.43,
            (v + 77.55) / 7.43,
        ]);
        let alpha_h = below(v, -40.0, h_opens * 0.057, zero);
        let beta_h = below(v, -40.0, h_closes_fast * 2.7 + h_closes * 3.1e5, h_above * (0.77 / 0.13));
        let alpha_j = (j_opens_fast * -25428.0 - j_opens * 6.948e-6) * (v + 37.78) * j_least;
        let beta_j = below(v, -40.0, j_closes * 0.02424 * j_below, j_closes_above * 0.6 * j_above);
        Self {
            m_inf: m_root.powi(2),
            m_rate: (m_left * 0.1292 + m_right * 0.06487).recip(),
            h_inf: h_root.powi(2),
            hp_inf: hp_root.powi(2),
            h_rate: alpha_h + beta_h,
            j_rate: below(v, -40.0, alpha_j, zero) + beta_j,
        }
    }
}

/// The exponent of a bell around `centre`.
#[inline(always)]
fn bell<T: Scalar>(v: T, centre: f64, width: f64) -> T {
    -((v - centre) * (1.0 / width)).powi(2)
}

/// Half the sum of z²c, in M, of two cations, an anion and calcium.
#[inline(always)]
fn ionic_strength<T: Scalar>(na: T, k: T, cl: T, ca: T) -> T {
    (na + k + cl + ca * 4.0) * 0.0005
}

/// The activity coefficient of a monovalent ion; of a divalent ion it is the fourth power.
#[inline(always)]
fn activity<T: Scalar>(strength: T) -> T {
    let a = 1.82e6 * (74.0_f64 * 310.0).powf(-1.5);
    let root = strength.sqrt();
    ((root / (root + 1.0) - strength * 0.3) * -a).exp()
}

/// Derivatives of the occupancies C1, C2, C3, I, O.
#[inline(always)]
fn herg<T: Scalar>(vfrt: T, [c1, c2, c3, i, o]: [T; 5]) -> [T; 5] {
    let [open, inactivate, close, recover, c1_to_i, c3_to_c2, c2_to_c3] = exps([
        vfrt * 0.971,
        vfrt * 0.5953,
        vfrt * -1.062,
        vfrt * -0.8209,
        vfrt * 1.525,
        vfrt * 0.299,
        vfrt * -1.604,
    ]);
    let (alpha_2, alpha_i) = (open * 0.0578, inactivate * 0.2533);
    let (beta_2, beta_i) = (close * 0.000349, recover * 0.06525);
    let c1_to_i = c1_to_i * 5.2e-5;
    // So that the loop C1, O, I is in equilibrium with itself.
    let i_to_c1 = beta_2 * beta_i * c1_to_i / (alpha_2 * alpha_i);
    // Net flux of each transition.
    let c3_c2 = c3_to_c2 * 0.1161 * c3 - c2_to_c3 * 0.2442 * c2;
    let c2_c1 = c2 * 0.154375 - c1 * 0.1911;
    let c1_o = alpha_2 * c1 - beta_2 * o;
    let o_i = alpha_i * o - beta_i * i;
    let c1_i = c1_to_i * c1 - i_to_c1 * i;
    [c2_c1 - c1_o - c1_i, c3_c2 - c2_c1, -c3_c2, o_i + c1_i, c1_o - o_i]
}
