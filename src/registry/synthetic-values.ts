/** What the synthetic extracts are made of: frequent names and places, invented structures, ranges reserved for tests. */

export const FAMILY_NAMES =
  'MARTIN BERNARD THOMAS PETIT ROBERT RICHARD DURAND DUBOIS MOREAU LAURENT SIMON MICHEL LEFEBVRE LEROY ROUX DAVID BERTRAND MOREL FOURNIER GIRARD BONNET DUPONT LAMBERT FONTAINE ROUSSEAU VINCENT MULLER LEFEVRE FAURE ANDRE MERCIER BLANC GUERIN BOYER GARNIER CHEVALIER FRANCOIS LEGRAND GAUTHIER GARCIA PERRIN ROBIN CLEMENT MORIN NICOLAS HENRY ROUSSEL MATHIEU GAUTIER MASSON MARCHAND DUVAL DENIS DUMONT MARIE LEMAIRE NOEL MEYER DUFOUR MEUNIER BRUN BLANCHARD GIRAUD JOLY RIVIERE LUCAS BRUNET GAILLARD BARBIER ARNAUD MARTINEZ GERARD ROCHE RENARD SCHMITT ROY LEROUX COLIN VIDAL CARON PICARD ROGER FABRE AUBERT LEMOINE RENAUD DUMAS LACROIX OLIVIER PHILIPPE BOURGEOIS PIERRE BENOIT REY LECLERC PAYET ROLLAND LECLERCQ GUILLAUME LECOMTE LOPEZ JEAN DUPUY GUILLOT HUBERT BERGER CARPENTIER SANCHEZ DUPUIS MOULIN LOUIS DESCHAMPS HUET VASSEUR PEREZ BOUCHER FLEURY ROYER KLEIN JACQUET ADAM PARIS POIRIER MARTY AUBRY GUYOT CARRE CHARLES RENAULT CHARPENTIER MENARD MAILLARD BARON BERTIN BAILLY HERVE SCHNEIDER FERNANDEZ COLLET LEGER BOUVIER JULIEN PREVOST MILLET PERROT DANIEL COUSIN GERMAIN BRETON BESSON LANGLOIS REMY NGUYEN TRAORE DIALLO BENALI HADDAD COHEN LEVY ROSSI SILVA FERREIRA'.split(
    ' ',
  );

export const GIVEN_NAMES: readonly (readonly [string, 'M' | 'MME'])[] = [
  ...'MARIE NATHALIE ISABELLE SYLVIE CATHERINE MARTINE CHRISTINE FRANÇOISE VALÉRIE SANDRINE STÉPHANIE SOPHIE CÉLINE AURÉLIE ÉMILIE JULIE CAMILLE LÉA MANON CHLOÉ SARAH PAULINE LAURA MARION ANAÏS CLAIRE HÉLÈNE ANNE ÉLODIE LUCIE MATHILDE CHARLOTTE AGNÈS BÉATRICE FATIMA INÈS ZOÉ JEANNE ALICE'
    .split(' ')
    .map((name) => [name, 'MME'] as const),
  ...'JEAN PIERRE MICHEL PHILIPPE ALAIN NICOLAS CHRISTOPHE PATRICK LAURENT FRÉDÉRIC DAVID JULIEN STÉPHANE THOMAS ALEXANDRE SÉBASTIEN FRANÇOIS OLIVIER ANTOINE MAXIME HUGO LOUIS PAUL ÉTIENNE RÉMI GAËL'
    .split(' ')
    .map((name) => [name, 'M'] as const),
];

/** Postal code, commune, name; the larger ones several times, as people live. */
export const TOWNS: readonly (readonly [string, string, string])[] = [
  ...([
    ['75014', '75114', 'PARIS'],
    ['75013', '75113', 'PARIS'],
    ['75018', '75118', 'PARIS'],
    ['75009', '75109', 'PARIS'],
    ['13008', '13208', 'MARSEILLE'],
    ['13005', '13205', 'MARSEILLE'],
    ['69003', '69383', 'LYON'],
    ['69008', '69388', 'LYON'],
    ['31000', '31555', 'TOULOUSE'],
    ['31400', '31555', 'TOULOUSE'],
    ['06000', '06088', 'NICE'],
    ['44000', '44109', 'NANTES'],
    ['34000', '34172', 'MONTPELLIER'],
    ['67000', '67482', 'STRASBOURG'],
    ['33000', '33063', 'BORDEAUX'],
    ['59000', '59350', 'LILLE'],
    ['35000', '35238', 'RENNES'],
  ] as const),
  ['51100', '51454', 'REIMS'],
  ['83000', '83137', 'TOULON'],
  ['42000', '42218', 'SAINT-ETIENNE'],
  ['76600', '76351', 'LE HAVRE'],
  ['38000', '38185', 'GRENOBLE'],
  ['21000', '21231', 'DIJON'],
  ['49000', '49007', 'ANGERS'],
  ['30000', '30189', 'NIMES'],
  ['63000', '63113', 'CLERMONT-FERRAND'],
  ['72000', '72181', 'LE MANS'],
  ['29200', '29019', 'BREST'],
  ['37000', '37261', 'TOURS'],
  ['80000', '80021', 'AMIENS'],
  ['87000', '87085', 'LIMOGES'],
  ['74000', '74010', 'ANNECY'],
  ['66000', '66136', 'PERPIGNAN'],
  ['57000', '57463', 'METZ'],
  ['25000', '25056', 'BESANCON'],
  ['45000', '45234', 'ORLEANS'],
  ['76000', '76540', 'ROUEN'],
  ['14000', '14118', 'CAEN'],
  ['54000', '54395', 'NANCY'],
  ['84000', '84007', 'AVIGNON'],
  ['86000', '86194', 'POITIERS'],
  ['17000', '17300', 'LA ROCHELLE'],
  ['64000', '64445', 'PAU'],
  ['19100', '19031', 'BRIVE-LA-GAILLARDE'],
  ['22000', '22278', 'SAINT-BRIEUC'],
  ['65000', '65440', 'TARBES'],
  ['48000', '48095', 'MENDE'],
  ['97110', '97120', 'POINTE-A-PITRE'],
  ['97200', '97209', 'FORT-DE-FRANCE'],
  ['97400', '97411', 'SAINT-DENIS'],
];

export const STREETS =
  'DE LA REPUBLIQUE|VICTOR HUGO|DE LA GARE|DU MARECHAL FOCH|JEAN JAURES|DES ECOLES|DE L’EGLISE|PASTEUR|DU GENERAL LECLERC|DES TILLEULS|DE LA LIBERTE|DU MOULIN|DES ACACIAS|GAMBETTA|DE VERDUN|DES LILAS|NATIONALE|DU 8 MAI 1945|DE LA FONTAINE|EMILE ZOLA'.split(
    '|',
  );

export const STREET_KINDS: readonly (readonly [string, string])[] = [
  ['R', 'Rue'],
  ['AV', 'Avenue'],
  ['BD', 'Boulevard'],
  ['PL', 'Place'],
  ['CHE', 'Chemin'],
];

/** Profession, weight (about their shares in the real directory), title, share practising on their own. */
export const PROFESSIONS: readonly {
  code: string;
  weight: number;
  title: string;
  own: number;
  authority: string;
  expertises: readonly string[];
}[] = [
  {
    ...{ code: '60', weight: 46, title: '', own: 0.2, authority: 'CNOI/CNOI/CNOI' },
    expertises: [],
  },
  {
    ...{ code: '10', weight: 24, title: 'DR', own: 0.5, authority: 'CNOM/CNOM/CNOM' },
    expertises: 'SM54 SM53 SM04 SM42 SM40 SM05 SM20 SM10 SM26 SM44 SM15'.split(' '),
  },
  {
    ...{ code: '70', weight: 8, title: '', own: 0.85, authority: 'CNOMK/CNOMK/CNOMK' },
    expertises: [],
  },
  {
    ...{ code: '21', weight: 7, title: 'DR', own: 0.35, authority: 'CNOP/CNOP/CNOP' },
    expertises: [],
  },
  {
    ...{ code: '40', weight: 4, title: 'DR', own: 0.85, authority: 'CNOCD/CNOCD/CNOCD' },
    expertises: ['SCD01'],
  },
  { ...{ code: '91', weight: 3, title: '', own: 0.8, authority: 'ARS/ARS/ARS' }, expertises: [] },
  { ...{ code: '50', weight: 2, title: '', own: 0.3, authority: 'CNOSF/CNOSF/CNOSF' }, expertises: [] },
  { ...{ code: '80', weight: 2, title: '', own: 0.95, authority: 'CNOPP/CNOPP/CNOPP' }, expertises: [] },
  { ...{ code: '98', weight: 2, title: '', own: 0.05, authority: 'ARS/ARS/ARS' }, expertises: [] },
  { ...{ code: '28', weight: 2, title: '', own: 0.3, authority: 'ARS/ARS/ARS' }, expertises: [] },
];

/** Sections of the pharmacists' roll by way of practising. */
export const SECTIONS = { own: 'A', employed: 'D', hospital: 'H' } as const;
