//! Where generated users come from: names in several scripts, with the spelling that an address
//! would use, cities, and the head of a mobile number that nine digits complete.

pub struct Place {
    pub locale: &'static str,
    pub zoneinfo: &'static str,
    pub country: &'static str,
    /// A possible E.164 number once nine digits follow.
    pub phone: &'static str,
    /// Whether the family name stands first.
    pub family_first: bool,
    pub given: &'static [(&'static str, &'static str)],
    pub family: &'static [(&'static str, &'static str)],
    /// City, region, and the postal code's first digits; three more follow.
    pub cities: &'static [(&'static str, &'static str, &'static str)],
    pub streets: &'static [&'static str],
}

#[rustfmt::skip]
pub static PLACES: [Place; 8] = [
    Place {
        locale: "en-GB", zoneinfo: "Europe/London", country: "GB", phone: "+447", family_first: false,
        given: &[("Olivia", "olivia"), ("Amelia", "amelia"), ("Isla", "isla"), ("Noah", "noah"), ("Oliver", "oliver"), ("George", "george"), ("Siân", "sian"), ("Chloë", "chloe"), ("Rhys", "rhys"), ("Freya", "freya")],
        family: &[("Smith", "smith"), ("Jones", "jones"), ("Taylor", "taylor"), ("O'Brien", "obrien"), ("Evans", "evans"), ("Walker", "walker"), ("Wright", "wright"), ("Brontë", "bronte"), ("Fitzgerald-Moore", "fitzgerald-moore"), ("Hughes", "hughes")],
        cities: &[("London", "Greater London", "10"), ("Leeds", "West Yorkshire", "20"), ("Cardiff", "Wales", "30"), ("Glasgow", "Scotland", "40")],
        streets: &["High Street", "Station Road", "Church Lane", "Victoria Road"],
    },
    Place {
        locale: "de-DE", zoneinfo: "Europe/Berlin", country: "DE", phone: "+4915", family_first: false,
        given: &[("Jürgen", "juergen"), ("Käthe", "kaethe"), ("Lena", "lena"), ("Björn", "bjoern"), ("Sophie", "sophie"), ("Lukas", "lukas"), ("Anneliese", "anneliese"), ("Jörg", "joerg"), ("Mia", "mia"), ("Emil", "emil")],
        family: &[("Müller", "mueller"), ("Schmidt", "schmidt"), ("Weiß", "weiss"), ("Schäfer", "schaefer"), ("Krüger", "krueger"), ("Vogel", "vogel"), ("Groß", "gross"), ("Becker", "becker"), ("Lindström", "lindstroem"), ("Hoffmann", "hoffmann")],
        cities: &[("Berlin", "Berlin", "10"), ("München", "Bayern", "80"), ("Köln", "Nordrhein-Westfalen", "50"), ("Düsseldorf", "Nordrhein-Westfalen", "40")],
        streets: &["Hauptstraße", "Bahnhofstraße", "Goethestraße", "Am Markt"],
    },
    Place {
        locale: "zh-CN", zoneinfo: "Asia/Shanghai", country: "CN", phone: "+8613", family_first: true,
        given: &[("伟", "wei"), ("芳", "fang"), ("秀英", "xiuying"), ("娜", "na"), ("强", "qiang"), ("静", "jing"), ("磊", "lei"), ("洋", "yang"), ("建国", "jianguo"), ("晓明", "xiaoming")],
        family: &[("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"), ("赵", "zhao"), ("黄", "huang"), ("周", "zhou"), ("欧阳", "ouyang")],
        cities: &[("北京", "北京市", "100"), ("上海", "上海市", "200"), ("成都", "四川省", "610"), ("广州", "广东省", "510")],
        streets: &["人民路", "解放路", "中山路", "建设路"],
    },
    Place {
        locale: "hi-IN", zoneinfo: "Asia/Kolkata", country: "IN", phone: "+919", family_first: false,
        given: &[("आरव", "aarav"), ("अनन्या", "ananya"), ("विवान", "vivaan"), ("दीया", "diya"), ("अर्जुन", "arjun"), ("प्रिया", "priya"), ("रोहन", "rohan"), ("कविता", "kavita"), ("सुनील", "sunil"), ("मीरा", "meera")],
        family: &[("शर्मा", "sharma"), ("वर्मा", "verma"), ("सिंह", "singh"), ("पटेल", "patel"), ("गुप्ता", "gupta"), ("रेड्डी", "reddy"), ("नायर", "nair"), ("चौधरी", "chaudhary"), ("मेहता", "mehta"), ("कुमार", "kumar")],
        cities: &[("मुंबई", "महाराष्ट्र", "400"), ("दिल्ली", "दिल्ली", "110"), ("पुणे", "महाराष्ट्र", "411"), ("जयपुर", "राजस्थान", "302")],
        streets: &["महात्मा गांधी मार्ग", "स्टेशन रोड", "नेहरू नगर", "गांधी चौक"],
    },
    Place {
        locale: "ru-RU", zoneinfo: "Europe/Moscow", country: "RU", phone: "+79", family_first: false,
        given: &[("Анна", "anna"), ("Иван", "ivan"), ("Мария", "maria"), ("Дмитрий", "dmitriy"), ("Елена", "elena"), ("Сергей", "sergey"), ("Ольга", "olga"), ("Фёдор", "fyodor"), ("Юлия", "yulia"), ("Алексей", "aleksey")],
        family: &[("Шевченко", "shevchenko"), ("Петренко", "petrenko"), ("Бондарь", "bondar"), ("Мельник", "melnik"), ("Коваль", "koval"), ("Черных", "chernykh"), ("Гринь", "grin"), ("Ткач", "tkach"), ("Седых", "sedykh"), ("Бойко", "boyko")],
        cities: &[("Москва", "Москва", "101"), ("Казань", "Татарстан", "420"), ("Омск", "Омская область", "644"), ("Пермь", "Пермский край", "614")],
        streets: &["улица Ленина", "Советская улица", "Садовая улица", "улица Мира"],
    },
    Place {
        locale: "fa-IR", zoneinfo: "Asia/Tehran", country: "IR", phone: "+989", family_first: false,
        given: &[("زهرا", "zahra"), ("علی", "ali"), ("فاطمه", "fatemeh"), ("رضا", "reza"), ("مریم", "maryam"), ("حسین", "hossein"), ("سارا", "sara"), ("کیان", "kian"), ("نیلوفر", "niloufar"), ("امیر", "amir")],
        family: &[("احمدی", "ahmadi"), ("محمدی", "mohammadi"), ("حسینی", "hosseini"), ("کریمی", "karimi"), ("رضایی", "rezaei"), ("موسوی", "mousavi"), ("جعفری", "jafari"), ("صادقی", "sadeghi"), ("رحیمی", "rahimi"), ("تهرانی", "tehrani")],
        cities: &[("تهران", "تهران", "1114"), ("شیراز", "فارس", "7134"), ("اصفهان", "اصفهان", "8174"), ("تبریز", "آذربایجان شرقی", "5138")],
        streets: &["خیابان ولیعصر", "خیابان انقلاب", "خیابان آزادی", "خیابان سعدی"],
    },
    Place {
        locale: "tr-TR", zoneinfo: "Europe/Istanbul", country: "TR", phone: "+905", family_first: false,
        given: &[("Ayşe", "ayse"), ("İbrahim", "ibrahim"), ("Çağla", "cagla"), ("Işıl", "isil"), ("Mehmet", "mehmet"), ("Elif", "elif"), ("Ömer", "omer"), ("Gül", "gul"), ("Oğuz", "oguz"), ("Defne", "defne")],
        family: &[("Yılmaz", "yilmaz"), ("Kaya", "kaya"), ("Şahin", "sahin"), ("Çelik", "celik"), ("Öztürk", "ozturk"), ("Aydın", "aydin"), ("Doğan", "dogan"), ("Yıldız", "yildiz"), ("Güneş", "gunes"), ("Arslan", "arslan")],
        cities: &[("İstanbul", "İstanbul", "34"), ("İzmir", "İzmir", "35"), ("Ankara", "Ankara", "06"), ("Şanlıurfa", "Şanlıurfa", "63")],
        streets: &["Atatürk Caddesi", "İstiklal Caddesi", "Cumhuriyet Sokağı", "Gül Sokağı"],
    },
    Place {
        locale: "es-MX", zoneinfo: "America/Mexico_City", country: "MX", phone: "+525", family_first: false,
        given: &[("José", "jose"), ("María", "maria"), ("Sofía", "sofia"), ("Íñigo", "inigo"), ("Begoña", "begona"), ("Ximena", "ximena"), ("Raúl", "raul"), ("Lucía", "lucia"), ("Tomás", "tomas"), ("Valentina", "valentina")],
        family: &[("Hernández", "hernandez"), ("García", "garcia"), ("Núñez", "nunez"), ("López", "lopez"), ("Ibáñez", "ibanez"), ("Ramírez", "ramirez"), ("Peña", "pena"), ("Muñoz", "munoz"), ("de la Cruz", "delacruz"), ("Ortiz", "ortiz")],
        cities: &[("Ciudad de México", "CDMX", "06"), ("Mérida", "Yucatán", "97"), ("León", "Guanajuato", "37"), ("Querétaro", "Querétaro", "76")],
        streets: &["Avenida Juárez", "Calle Hidalgo", "Calle 16 de Septiembre", "Paseo de la Reforma"],
    },
];
