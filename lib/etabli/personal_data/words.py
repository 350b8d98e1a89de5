"""Words that make a name likely, or that make one unlikely: first names, acronyms, places and offices."""

from __future__ import annotations

FIRST_NAMES = frozenset(
    """
    Adam Adama Adèle Agathe Agnès Ahmed Aïcha Alain Albert Alexandre Alice Aline Amina Amine Anaïs André Andrée
    Anne Annick Annie Antoine Arnaud Arthur Audrey Aurélie Aziz Baptiste Béatrice Benjamin Benoît Bernadette
    Bernard Brigitte Bruno Camille Carole Caroline Catherine Cécile Cédric Chantal Charles Charlotte Chloé
    Christelle Christian Christiane Christine Christophe Claire Claude Claudine Clément Colette Corinne Cyril
    Damien Daniel Danielle David Delphine Denis Denise Didier Dominique Éliane Élisabeth Élise Élodie Émilie
    Emma Emmanuel Éric Erwan Estelle Étienne Eva Évelyne Fabien Fabienne Fabrice Fatima Fatou Fatoumata Florence
    Florian Franck François Françoise Frédéric Gabriel Gaël Geneviève Georges Gérard Ghislaine Gilbert Gilles
    Ginette Guillaume Guy Gwenaëlle Hamza Hélène Henri Hervé Hugo Ibrahim Inès Isabelle Ismaël Jacqueline
    Jacques Jean Jeanne Jeannine Jennifer Jérôme Joël Joëlle Jonathan Joseph Josette Josiane Julie Julien
    Juliette Karim Karine Kévin Khadija Laetitia Laura Laure Laurence Laurent Léa Léo Liliane Loïc Louis Louise
    Luc Lucas Lucie Lucien Ludovic Madeleine Mamadou Manon Marc Marcel Marguerite Maria Marie Marine Marion
    Martin Martine Maryse Mathieu Mathilde Matthieu Maurice Maxime Mehdi Mélanie Michel Michèle Micheline
    Mireille Mohamed Mohammed Monique Moussa Muriel Myriam Nadia Nadine Nathalie Nathan Nicolas Nicole Nina Noël
    Nolwenn Odette Olivier Omar Oumar Pascal Pascale Patrice Patricia Patrick Paul Paulette Pauline Philippe
    Pierre Quentin Rachid Raymond Régine Rémi René Renée Richard Robert Roger Roland Romain Ronan Sabrina Said
    Samir Samira Samuel Sandra Sandrine Sarah Sébastien Serge Simon Simone Solène Sonia Sophie Stéphane
    Stéphanie Suzanne Sylvain Sylvie Tanguy Théo Thérèse Thierry Thomas Valérie Vanessa Véronique Victor Vincent
    Virginie Xavier Yann Yannick Yasmine Yves Yvette Yvonne Youssef Zoé Awa Aminata Bakary Boubacar Cheikh
    Djibril Elif Fatma Giorgi Hassan Hawa Idrissa Jamila Kadiatou Leila Mariam Mariama Mustapha Natia Nino Olena
    Ousmane Rayan Salimata Tamar Yacine Zineb
    """.split()  # noqa: SIM905  # the names, kept in lines
)
"""Frequent first names: one of them before a word in capitals is taken for a name."""

ACRONYMS = frozenset(
    """
    AAH ACM ADIL AEEH AESH AGEFIPH AIVS AJPA ALF ALS ALSH ALUR ANAH ANCT ANIL ANTS APA APL APRAS ARE ARS ASE ASF
    ASI ASS AUDIAR BAFA BEP CADA CAF CAP CASNAV CCAS CDAPH CDAS CDD CDI CEJ CESEDA CESF CFA CHRS CHU CIAS CIDFF
    CIF CLIC CLSH CLSPD CMB CMG CMP CMU CNAF CNAV CNIL CNSA CPAM CPH CPOM CROUS CSG CSP CSS CUCS DALO DDETS DDFE
    DREES DREETS DROM EHPAD EPCI EPIDE EPN ESC ESPACE ESAT ESS ETP FCIH FINESS FJT FLE FSE FSL GRDF GIP HLM HTML
    HUDA IAE IFSI IME INSEE IRIS ITEP JSON MDPH MECS MJC MNA MSA MSAP NAF NEET ODENORE OFII OFPRA OQTF PACEA PCH
    PDF PDALHPD PIJ PIX PJJ PLIE PMI PMR POLE PREPAR PRE PSH QPV QVA RATP REAAP RGPD RMI RNA RSA RSO SAMU SDF
    SIAE SIAO SIRET SIREN SMIC SNCF SPIP STAR TER TPE TTC TZNR UDAF UNEDIC URSSAF VAE VIH VTC YAML ZAC ZEP ZFU
    ZRR ZUP ZUS
    """.split()  # noqa: SIM905  # an acronym list, kept in lines
)
"""Acronyms of social policy beside which a first name is none (« prime de Noël RSA »)."""

PLACES = frozenset(
    """
    école ecole collège college lycée lycee maternelle crèche creche université universite institut esc espace
    centre maison rue place square quartier gymnase salle stade hôpital hopital chu clinique résidence residence
    foyer allée allee avenue boulevard bd parc pont métro metro station arrêt arret médiathèque mediatheque
    bibliothèque bibliotheque théâtre theatre piscine ehpad fondation association prix complexe groupe cité cite
    villa immeuble tour bâtiment batiment esplanade quai cours passage mail chemin saint sainte prime pôle pole
    site antenne accueil zac iris qpv qva zus
    """.split()  # noqa: SIM905  # a list of words, kept in lines
)
"""Words that, a few words before, make of a name that of a place or of an institution."""

FAMOUS = frozenset(
    {
        *("VICTOR HUGO", "JEAN MOULIN", "SIMONE IFF", "PAUL BERT", "JEAN JAURÈS", "JEAN JAURES", "SIMONE VEIL"),
        *("ALBERT CAMUS", "MARIE CURIE", "LOUIS PASTEUR", "PIERRE CURIE", "CHARLES GAULLE", "JEAN MACÉ", "JULES FERRY"),
        *(
            "LOUISE MICHEL",
            "LUCIE AUBRAC",
            "JEAN PERRIN",
            "GUY HOUIST",
            "SIMONE BEAUVOIR",
            "AIMÉ CÉSAIRE",
            "GEORGES BRASSENS",
        ),
        *("JACQUES PRÉVERT", "JACQUES BREL", "ROBERT SCHUMAN", "PIERRE MENDÈS", "CAMILLE CLAUDEL", "CLAUDE MONET"),
    }
)
"""Names of the dead that places bear."""

OFFICES = (
    "maire|préf|sous-|vice-|président|direct|ministre|déput|sénat|conseill|adjoint|élu|responsable|chef|secrétaire|délégu"
    "|procur|défens|juge|recteur|rectrice|commissaire|inspect|médiat|greff|madame|monsieur|mme|tout|untel|machin|euro|âge"
)
"""How words begin, in small letters, that follow a title and tell an office, or nobody."""
